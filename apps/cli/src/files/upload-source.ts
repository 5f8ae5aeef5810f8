import { type FileHandle, open } from 'node:fs/promises';
import type { SeekableSource } from '@sealgate/client';
import { CliError } from '../cli-error.ts';

/** Bytes of one read: large enough to keep system calls rare. */
const READ_BYTES = 1024 * 1024;

/** What a file was when the upload began. Together they change with every write that a file system can show. */
export interface FileIdentity {
  readonly bytes: number;
  readonly modifiedNs: string;
  readonly inode: string;
  readonly device: string;
}

export interface UploadFile extends SeekableSource, AsyncDisposable {
  readonly identity: FileIdentity;
}

/** A pipe or a device: read once, from its beginning. */
export interface UploadStream extends AsyncDisposable {
  readonly stream: AsyncIterable<Uint8Array>;
}

/**
 * Opens what is to be uploaded, once: a pipe that is closed again has lost its writer. Reading the end of a regular file
 * fails when the file was changed meanwhile: half of the old and half of the new content is no object that anybody wants.
 */
export async function openUploadFile(path: string): Promise<UploadFile | UploadStream> {
  const file = await open(path, 'r');
  const stats = await file.stat();
  if (stats.isDirectory()) {
    await file.close();
    throw new CliError(`${path} is a folder.`, { hint: 'Name a file. Put files one by one.' });
  }
  if (!stats.isFile()) {
    const stream = file.createReadStream({ autoClose: false, highWaterMark: READ_BYTES });
    return { stream, [Symbol.asyncDispose]: () => file.close() };
  }
  const identity = await identify(file);
  return {
    size: identity.bytes,
    identity,
    streamFrom: (offset) => readFrom({ file, path, identity, offset }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* readFrom(from: {
  readonly file: FileHandle;
  readonly path: string;
  readonly identity: FileIdentity;
  readonly offset: number;
}): AsyncGenerator<Uint8Array, void, undefined> {
  const { file, path, identity } = from;
  for (let offset = from.offset; offset < identity.bytes; ) {
    const length = Math.min(READ_BYTES, identity.bytes - offset);
    // A new buffer each time: the sealer may still look at the last one.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
    if (bytesRead === 0) throw changed(path);
    offset += bytesRead;
    if (offset === identity.bytes && !sameFile(await identify(file), identity)) throw changed(path);
    yield buffer.subarray(0, bytesRead);
  }
}

async function identify(file: FileHandle): Promise<FileIdentity> {
  const { size, mtimeNs, ino, dev } = await file.stat({ bigint: true });
  return { bytes: Number(size), modifiedNs: String(mtimeNs), inode: String(ino), device: String(dev) };
}

export function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.bytes === b.bytes && a.modifiedNs === b.modifiedNs && a.inode === b.inode && a.device === b.device;
}

function changed(path: string): CliError {
  return new CliError(`${path} was changed while it was read.`, { hint: 'Run the command again.' });
}
