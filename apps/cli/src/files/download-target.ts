import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { CliError, usageError } from '../cli-error.ts';

/**
 * Writes a body to a file that appears under its name only when all of it is there and verified. Until then it is a
 * hidden file beside it, so that the rename stays within one file system; after a failure nothing is left.
 */
export async function writeVerified(
  path: string,
  body: ReadableStream<Uint8Array>,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  // Not named after the file: some names are as long as a file system takes.
  const draft = join(dirname(path), `.sealgate-${randomBytes(12).toString('hex')}.part`);
  try {
    // `flush`: on disk before it gets its name. `wx`: never into a file that somebody else has put there.
    const sink = createWriteStream(draft, { flags: 'wx', flush: true, highWaterMark: WRITE_AHEAD_BYTES });
    await pipeline(toNode(body), counting(onBytes), sink, { signal });
    await rename(draft, path);
  } catch (error) {
    // The first failure is what the user must learn.
    await rm(draft, { force: true }).catch(() => undefined);
    throw isAbout(error, draft) ? Object.assign(error, { path }) : error;
  }
}

/** The name of the draft means nothing to whoever named the file. */
function isAbout(error: unknown, draft: string): error is Error {
  return error instanceof Error && (error as NodeJS.ErrnoException).path === draft;
}

/** Writes a body to a stream as it comes. Each chunk was verified, but only the end shows that it was the whole. */
export async function writeThrough(
  output: NodeJS.WritableStream,
  body: ReadableStream<Uint8Array>,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  await pipeline(toNode(body), counting(onBytes), output, { signal, end: false });
}

/** The same to a pipe or a device. Opening a pipe waits for its reader: what was written to nobody would be lost. */
export async function writeToDevice(
  path: string,
  body: ReadableStream<Uint8Array>,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  await pipeline(toNode(body), counting(onBytes), createWriteStream(path, { flags: 'w' }), { signal });
}

/** Bytes that may wait for the disk. */
const WRITE_AHEAD_BYTES = 1024 * 1024;

function toNode(body: ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(body as NodeReadableStream<Uint8Array>, { highWaterMark: WRITE_AHEAD_BYTES });
}

function counting(onBytes: (bytes: number) => void) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      onBytes(bytes);
      yield chunk;
    }
  };
}

/** Where a download goes. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly path: string };

/**
 * Looks at what the user named: a folder gets a file of the key's last name in it, a pipe or a device is written to as
 * it is.
 * @throws CliError when the key has no last name that is a safe file name
 */
export async function resolveTarget(named: string, key: string): Promise<Target> {
  const stats = await stat(named).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) {
    if (named.endsWith('/')) throw usageError(`${named}: there is no such folder.`);
    return { kind: 'file', path: named };
  }
  if (stats.isDirectory()) {
    const path = join(named, safeName(key));
    if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
      throw new CliError(`${path} is a folder.`, { hint: 'Name the file to write.' });
    }
    return { kind: 'file', path };
  }
  if (!stats.isFile()) return { kind: 'stream', path: named };
  // The file is replaced and not the link: /dev/stdout is one.
  return { kind: 'file', path: (await lstat(named)).isSymbolicLink() ? await realpath(named) : named };
}

function safeName(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  // A key is any text; as a file name it must not lead elsewhere.
  if (name === '' || name === '.' || name === '..' || /[\\\p{Cc}]/u.test(name)) {
    throw usageError('The key has no last name that is safe as a file name.', 'Name the file to write.');
  }
  return name;
}
