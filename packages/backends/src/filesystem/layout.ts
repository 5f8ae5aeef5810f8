import { Fault } from '@sealgate/core/faults';
import { filesystemLimits } from '../limits.ts';

/**
 * Where a blob lies below its bucket's folder:
 *
 *   key   b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0
 *   path  b@/0190a1~/0190a1b2~/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0
 *
 * Each `/` of the key ends a folder, marked `@`. A last name that starts like a blob id (a UUIDv7, so its first digits
 * are the time) is fanned out below two folders, marked `~`: one for every 4.7 hours, in it one for every 65 seconds.
 * That keeps folders small at any rate of writing, puts neighbours in time together (one flush of one folder serves
 * every put of the moment) and lets a listing walk in key order. Other characters than `A-Z a-z 0-9 . _ -`, and a
 * leading dot, are written `%XX`, so marks never meet names and no name is `.`, `..` or empty.
 */
export interface BlobPath {
  readonly folders: readonly string[];
  readonly leaf: string;
}

const BLOB_ID_START = /^[0-9a-f]{8}-/;
const FAN_OUT_CHARS = [6, 8] as const;
const FOLDER_MARK = '@';
const FAN_OUT_MARK = '~';
/** Stands for the empty name of a key that ends in `/`. */
const EMPTY = '%';

/** @throws Fault ValidationFailed when a part of the key is too long for a file name */
export function blobPath(key: string): BlobPath {
  const names = key.split('/');
  const last = names.pop() ?? '';
  const folders = names.map((name) => encodeName(name) + FOLDER_MARK);
  if (BLOB_ID_START.test(last)) {
    for (const chars of FAN_OUT_CHARS) folders.push(last.slice(0, chars) + FAN_OUT_MARK);
  }
  return { folders, leaf: encodeName(last) };
}

/** What one entry of a folder stands for; undefined for anything that this layout did not make. */
export type Entry =
  | { readonly kind: 'blob'; readonly name: string }
  /** Holds the keys that go on after `name/`. */
  | { readonly kind: 'folder'; readonly name: string }
  /** Holds the last names that start with `name`. */
  | { readonly kind: 'fan-out'; readonly name: string };

export function readEntry(file: string): Entry | undefined {
  const mark = file.at(-1);
  if (mark === FAN_OUT_MARK) return { kind: 'fan-out', name: file.slice(0, -1) };
  const kind = mark === FOLDER_MARK ? 'folder' : 'blob';
  const name = decodeName(kind === 'folder' ? file.slice(0, -1) : file);
  return name === undefined ? undefined : { kind, name };
}

function encodeName(name: string): string {
  if (name === '') return EMPTY;
  const encoded = name.replace(/^\.|[^A-Za-z0-9._-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  if (encoded.length > filesystemLimits.nameBytesMax) {
    throw new Fault('ValidationFailed', 'A part of the blob key is too long for a file name.');
  }
  return encoded;
}

function decodeName(file: string): string | undefined {
  if (file === EMPTY) return '';
  if (!/^(?:[A-Za-z0-9._-]|%[2-7][0-9A-F])+$/.test(file)) return undefined;
  const name = file.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return encodeName(name) === file ? name : undefined;
}
