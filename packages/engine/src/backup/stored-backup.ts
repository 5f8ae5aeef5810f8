import { createHash } from 'node:crypto';
import type { RandomBytes } from '../write/types.ts';

// A stored backup of the metadata (docs/spec/housekeeping.md): a sealed document, cut into parts, and an index that comes
// last. Without its index it is none.

/** Parts and indexes lie under this prefix, in physical buckets of their own. */
export const BACKUP_PREFIX = 'm/';
/** Archives of the audit log are stored in the same form (docs/spec/audit.md). */
export const ARCHIVE_PREFIX = 'a/';
export type StoredPrefix = typeof BACKUP_PREFIX | typeof ARCHIVE_PREFIX;
const INDEX_FORMAT = 'sealgate-metadata-backup-index';
/** A part is held whole on both sides. Backends take one in one request. */
export const BACKUP_PART_BYTES = 8 * 1024 * 1024;
/** 800 GB. An index of so many has 8 MiB. */
export const BACKUP_PARTS_MAX = 100_000;
export const BACKUP_INDEX_BYTES_MAX = 16 * 1024 * 1024;

const ID = /^[0-9a-f]{12}-[0-9a-f]{8}$/;
const KEY = /^[am]\/([0-9a-f]{12}-[0-9a-f]{8})\/(?:(\d{8})-[0-9a-f]{32}|index-([0-9a-f]{32}))$/;
const SHA256 = /^[0-9a-f]{64}$/;

export interface BackupPart {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Says that a backup is whole, and of what. */
export interface BackupIndex {
  readonly format: typeof INDEX_FORMAT;
  readonly version: 1;
  readonly id: string;
  /** Of all parts, joined; hex. */
  readonly sha256: string;
  readonly parts: readonly BackupPart[];
}

/** The moment of its beginning, and enough that no two processes meet. */
export function newBackupId(nowMs: number, random: RandomBytes): string {
  return `${nowMs.toString(16).padStart(12, '0')}-${Buffer.from(random(4)).toString('hex')}`;
}

/** When it was begun, milliseconds since 1970. What it holds was committed by then or a little later. */
export function backupTimeOf(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

export function backupPartKey(prefix: StoredPrefix, id: string, number: number, sha256: string): string {
  return `${prefix}${id}/${String(number).padStart(8, '0')}-${sha256.slice(0, 32)}`;
}

export function backupIndexKey(prefix: StoredPrefix, id: string, sha256: string): string {
  return `${prefix}${id}/index-${sha256.slice(0, 32)}`;
}

/** undefined: no key of ours. `index`: the beginning of the digest of its bytes. */
export function parseBackupKey(key: string): { readonly id: string; readonly index: string | undefined } | undefined {
  const [, id, , index] = KEY.exec(key) ?? [];
  return id === undefined ? undefined : { id, index };
}

export function encodeBackupIndex(index: Pick<BackupIndex, 'id' | 'sha256' | 'parts'>): Buffer {
  const whole: BackupIndex = { format: INDEX_FORMAT, version: 1, ...index };
  return Buffer.from(JSON.stringify(whole));
}

/**
 * The index in these bytes, or undefined when they are not those of its name, or none that is understood. Who can write to
 * a backend can make one; what its parts hold is authenticated by their seal.
 */
export function decodeBackupIndex(bytes: Buffer, named: { readonly id: string; readonly index: string }) {
  if (!sha256Of(bytes).startsWith(named.index)) return undefined;
  let value: Partial<BackupIndex> | null;
  try {
    value = JSON.parse(bytes.toString('utf8')) as Partial<BackupIndex> | null;
  } catch {
    return undefined;
  }
  return isIndex(value) && value.id === named.id ? value : undefined;
}

function isIndex(value: Partial<BackupIndex> | null): value is BackupIndex {
  if (value?.format !== INDEX_FORMAT || value.version !== 1) return false;
  const { id, sha256, parts } = value;
  if (typeof id !== 'string' || !ID.test(id) || typeof sha256 !== 'string' || !SHA256.test(sha256)) return false;
  return Array.isArray(parts) && parts.length > 0 && parts.length <= BACKUP_PARTS_MAX && parts.every(isPart);
}

function isPart(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { bytes, sha256 } = value as Partial<BackupPart>;
  const size = Number.isSafeInteger(bytes) && Number(bytes) > 0 && Number(bytes) <= BACKUP_PART_BYTES;
  return size && typeof sha256 === 'string' && SHA256.test(sha256);
}

export function backupBytes({ parts }: Pick<BackupIndex, 'parts'>): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
