import { constants } from 'node:fs';
import { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import type { GetBlobOptions, OpenedBlob } from '@sealgate/core/ports';
import type { filesystemLimits } from '../limits.ts';
import { destroyOnAbort, streamOf } from '../shared/blob-stream.ts';
import { resolveRange, shortFault } from '../shared/range.ts';
import { errnoOf, filesystemFault, missing } from './faults.ts';
import type { Folders } from './folders.ts';
import { type FilesystemIo, quietly } from './io.ts';
import { blobPath } from './layout.ts';

export interface GetDeps {
  readonly folders: Folders;
  readonly io: FilesystemIo;
  readonly limits: typeof filesystemLimits;
}

/** O_NONBLOCK: a pipe that somebody put in a blob's place must not hang the open. */
const OPEN_BLOB = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws Fault BlobMissing, BackendCorrupt */
export async function getBlob(
  deps: GetDeps,
  at: { bucket: string; key: string },
  options: GetBlobOptions,
): Promise<OpenedBlob> {
  const { io, limits } = deps;
  const fd = await openBlob(deps, at);
  let handedOver = false;
  try {
    const { bytes: totalBytes, isFile } = await io.fstat(fd);
    if (!isFile) throw new Fault('BackendRefused', 'Something else lies in the place of the copy.');
    const { start, bytes } = resolveRange(totalBytes, options.range);
    options.signal.throwIfAborted();
    if (bytes <= limits.readWholeBytesMax) {
      const data = await readWhole(io, fd, { start, bytes });
      const body = streamOf(data, { chunkBytes: limits.readChunkBytes, signal: options.signal });
      return { bytes, totalBytes, body };
    }
    const body = readStream(deps, fd, { start, bytes });
    handedOver = true;
    destroyOnAbort(body, options.signal);
    return { bytes, totalBytes, body };
  } finally {
    if (!handedOver) await quietly(io.close(fd));
  }
}

async function openBlob({ folders, io }: GetDeps, at: { bucket: string; key: string }): Promise<number> {
  const { folders: names, leaf } = blobPath(at.key);
  try {
    return await folders.use([at.bucket, ...names], { make: false }, (folder) => io.open(folder.at(leaf), OPEN_BLOB));
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? missing(error) : error;
  }
}

async function readWhole(io: FilesystemIo, fd: number, part: { start: number; bytes: number }): Promise<Uint8Array> {
  const data = Buffer.allocUnsafeSlow(part.bytes);
  for (let at = 0; at < part.bytes; ) {
    const read = await io.read(fd, data.subarray(at), part.start + at);
    if (read === 0) throw shortFault();
    at += read;
  }
  return data;
}

/** Owns the descriptor. Reads when its reader wants bytes, one chunk ahead at most. */
function readStream({ io, limits }: GetDeps, fd: number, part: { start: number; bytes: number }): Readable {
  let at = part.start;
  const end = part.start + part.bytes;
  let reading: Promise<void> | undefined;

  const readNext = async (): Promise<void> => {
    const chunk = Buffer.allocUnsafeSlow(Math.min(limits.readChunkBytes, end - at));
    const read = await io.read(fd, chunk, at);
    if (read === 0) throw shortFault();
    at += read;
    stream.push(read === chunk.length ? chunk : chunk.subarray(0, read));
    if (at === end) stream.push(null);
  };

  const stream = new Readable({
    highWaterMark: limits.readChunkBytes,
    read() {
      reading = readNext().catch((error: unknown) => {
        stream.destroy(filesystemFault(error, 'read') as Error);
      });
    },
    destroy(error, callback) {
      // A descriptor that is closed under a read could be another file's by the time the read runs.
      void (reading ?? Promise.resolve()).then(() => quietly(io.close(fd))).then(() => callback(error));
    },
  });
  return stream;
}
