import { constants } from 'node:fs';
import { Fault } from '@sealgate/core/faults';
import type { PutBlob, PutReceipt } from '@sealgate/core/ports';
import type { filesystemLimits } from '../limits.ts';
import { exactBody } from '../shared/exact-body.ts';
import { errnoOf, missing } from './faults.ts';
import type { Folder, Folders } from './folders.ts';
import { type FilesystemIo, quietly } from './io.ts';
import { blobPath } from './layout.ts';
import type { TempFiles } from './temp-files.ts';

export interface PutDeps {
  readonly folders: Folders;
  readonly temps: TempFiles;
  readonly io: FilesystemIo;
  readonly limits: typeof filesystemLimits;
}

/**
 * Makes a write its own flush, where that flush reaches the medium: on macOS only `fdatasync` is made to do so.
 */
const FLUSHING_WRITE = process.platform === 'linux' ? constants.O_DSYNC : 0;

/**
 * The order that makes a put durable and all-or-nothing: bytes into a temporary file, flush the bytes, link the file
 * under its name (which fails when the name is taken; to replace what is there it is renamed instead), flush the folder. A crash between any two steps leaves a
 * temporary file at most. The flush of the folder is shared by all puts that wait for it.
 */
export async function putBlob(deps: PutDeps, at: { bucket: string; key: string }, blob: PutBlob): Promise<PutReceipt> {
  const { folders, temps, io } = deps;
  const { folders: names, leaf } = blobPath(at.key);
  await needBucket(folders, at.bucket);
  const flushing = blob.body instanceof Uint8Array ? FLUSHING_WRITE : 0;
  const temp = await temps.create(constants.O_WRONLY | flushing);
  try {
    await writeBody(deps, temp.fd, blob);
    if (flushing === 0) await io.fdatasync(temp.fd);
    blob.signal.throwIfAborted();
    await folders.use([at.bucket, ...names], { make: true, existing: 1 }, async (folder) => {
      const replaces = blob.replace === true;
      const name = folder.at(leaf);
      await (replaces ? io.rename(temp.path, name) : io.link(temp.path, name));
      await Promise.all([replaces ? folder.sync() : flush(io, folder, leaf), temp.remove()]);
    });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      throw new Fault('BackendRefused', 'There is a blob under this key already.', { cause: error });
    }
    if (errnoOf(error) === 'ENOENT') throw missing(error);
    throw error;
  } finally {
    await temp.remove();
  }
  return { verified: 'flushed' };
}

/** Before the body is touched: a bucket that is not there costs the caller no byte of it. */
async function needBucket(folders: Folders, bucket: string): Promise<void> {
  try {
    await folders.use([bucket], { make: false }, () => Promise.resolve());
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? missing(error) : error;
  }
}

/** A name whose folder could not be flushed may be lost in a crash, so it must not be seen either. */
async function flush(io: FilesystemIo, folder: Folder, leaf: string): Promise<void> {
  try {
    await folder.sync();
  } catch (error) {
    await quietly(io.unlink(folder.at(leaf)));
    throw error;
  }
}

/** One write is under way while the next chunks gather, up to a bound; past it the source waits. */
async function writeBody({ io, limits }: PutDeps, fd: number, blob: PutBlob): Promise<void> {
  let position = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const writeGathered = (): void => {
    const chunks = gathered;
    const at = position;
    position += gatheredBytes;
    gathered = [];
    gatheredBytes = 0;
    writing = writeAll(io, fd, chunks, at)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        writing = undefined;
      });
  };

  try {
    for await (const chunk of exactBody(blob)) {
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      if (writing !== undefined && gatheredBytes >= limits.writeGatherBytes) await writing;
      if (failure !== undefined) throw failure.error;
      if (writing === undefined) writeGathered();
    }
    while (writing !== undefined || gatheredBytes > 0) {
      if (writing === undefined) writeGathered();
      await writing;
      if (failure !== undefined) throw failure.error;
    }
  } finally {
    // The descriptor is closed after this; no write may be under way then.
    await writing;
  }
}

async function writeAll(io: FilesystemIo, fd: number, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let rest = [...chunks];
  let at = position;
  while (rest.length > 0) {
    let written = await io.writev(fd, rest, at);
    at += written;
    while (rest[0] !== undefined && written >= rest[0].length) {
      written -= rest[0].length;
      rest = rest.slice(1);
    }
    if (rest[0] !== undefined && written > 0) rest[0] = rest[0].subarray(written);
  }
}
