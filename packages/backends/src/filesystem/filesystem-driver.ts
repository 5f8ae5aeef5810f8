import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import { type BackendDriver, type Clock, systemClock } from '@sealgate/core/ports';
import { filesystemLimits } from '../limits.ts';
import { checkAddress, checkBucket } from '../shared/address.ts';
import { discardBody } from '../shared/exact-body.ts';
import { errnoOf, filesystemFault } from './faults.ts';
import { createFolders, type Folders } from './folders.ts';
import { getBlob } from './get-blob.ts';
import { type FilesystemIo, systemIo } from './io.ts';
import { blobPath } from './layout.ts';
import { listBlobs } from './list-blobs.ts';
import { putBlob } from './put-blob.ts';
import { removeBucket } from './remove-bucket.ts';
import { createTempFiles, type ProcessIdentity } from './temp-files.ts';

export interface FilesystemDriverOptions {
  /**
   * The folder that holds this backend. Made at the first call when missing; never again by this driver, so a folder
   * that vanishes plays a lost provider (BackendUnreachable) until somebody makes it anew or the process restarts.
   * Its file system must know hard links.
   */
  readonly root: string;
  readonly clock?: Clock;
  readonly limits?: Partial<typeof filesystemLimits>;
  /** Reach folders through their descriptors. Default: where the system shows them as paths (Linux). */
  readonly descriptorPaths?: boolean;
  /** For tests. */
  readonly io?: FilesystemIo;
  readonly identity?: ProcessIdentity;
}

/**
 * Keeps blobs as files below a folder. Several drivers and processes may share one folder. Nothing touches the disk
 * before the first call.
 */
export function createFilesystemDriver(options: FilesystemDriverOptions): BackendDriver {
  const { clock = systemClock, io = systemIo, identity = thisProcess() } = options;
  const limits = { ...filesystemLimits, ...options.limits };
  const folders = createFolders({
    root: resolve(options.root),
    io,
    clock,
    limits,
    descriptorPath: descriptorPath(options.descriptorPaths),
  });
  const temps = createTempFiles({ folders, io, clock, identity, limits });
  const deps = { folders, temps, io, limits };
  let swept: Promise<void> | undefined;
  const underWay = new Set<Promise<unknown>>();

  const begin = async <T>(signal: AbortSignal, during: 'read' | 'write', run: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      // Left-overs are removed before the first put needs the space; a sweep that fails is tried again by the next.
      swept ??= temps.sweep();
      await swept.catch((error: unknown) => {
        swept = undefined;
        throw error;
      });
      return await run();
    } catch (error) {
      throw filesystemFault(error, during);
    }
  };
  const call = <T>(...args: Parameters<typeof begin<T>>): Promise<T> => {
    const begun = begin(...args).finally(() => underWay.delete(begun));
    underWay.add(begun);
    return begun;
  };

  return {
    ensureBucket: (bucket, { signal }) =>
      call(signal, 'write', async () => {
        checkBucket(bucket);
        await ensureBucket(folders, bucket);
      }),
    removeBucket: (bucket, { signal }) =>
      call(signal, 'write', async () => {
        checkBucket(bucket);
        await removeBucket(deps, bucket);
      }),
    put: (bucket, key, blob) =>
      call(blob.signal, 'write', async () => {
        checkAddress(bucket, key);
        return await putBlob(deps, { bucket, key }, blob);
      }).finally(() => discardBody(blob.body)),
    get: (bucket, key, get) =>
      call(get.signal, 'read', async () => {
        checkAddress(bucket, key);
        return await getBlob(deps, { bucket, key }, get);
      }),
    head: (bucket, key, { signal }) =>
      call(signal, 'read', async () => {
        checkAddress(bucket, key);
        return await headBlob(deps, bucket, key);
      }),
    delete: (bucket, key, { signal }) =>
      call(signal, 'write', async () => {
        checkAddress(bucket, key);
        await deleteBlob(deps, bucket, key);
      }),
    list: (bucket, list) =>
      call(list.signal, 'read', async () => {
        checkBucket(bucket);
        return await listBlobs(deps, bucket, list);
      }),
    async ping({ signal }) {
      signal.throwIfAborted();
      const startedMs = clock.monotonic();
      const ok = await isUsable(folders, io);
      signal.throwIfAborted();
      return { ok, latencyMs: clock.monotonic() - startedMs };
    },
    async close() {
      // What goes on after the folders were closed would open them again, for nobody to close.
      await Promise.allSettled(underWay);
      if (swept !== undefined) await temps.close();
      await folders.close();
    },
  };
}

async function isUsable(folders: Folders, io: FilesystemIo): Promise<boolean> {
  try {
    await folders.checkRoot();
    await folders.use([], { make: false }, (root) => io.access(root.at('.'), constants.R_OK | constants.W_OK));
    return true;
  } catch {
    return false;
  }
}

async function ensureBucket(folders: Folders, bucket: string): Promise<void> {
  try {
    await folders.use([bucket], { make: true }, () => Promise.resolve());
  } catch (error) {
    // A file or a symbolic link has the name: it is not ours, and never followed.
    if (errnoOf(error) !== 'ENOTDIR' && errnoOf(error) !== 'ELOOP') throw error;
    throw new Fault('BucketNameTaken', 'The bucket name is taken.', { cause: error });
  }
}

interface BlobDeps {
  readonly folders: Folders;
  readonly io: FilesystemIo;
}

async function headBlob(
  { folders, io }: BlobDeps,
  bucket: string,
  key: string,
): Promise<{ bytes: number } | undefined> {
  const { folders: names, leaf } = blobPath(key);
  try {
    const facts = await folders.use([bucket, ...names], { make: false }, (folder) => io.lstat(folder.at(leaf)));
    return facts.isFile ? { bytes: facts.bytes } : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Durable when it returns: a blob that comes back after a crash would never be deleted again. Folders stay. */
async function deleteBlob({ folders, io }: BlobDeps, bucket: string, key: string): Promise<void> {
  const { folders: names, leaf } = blobPath(key);
  try {
    await folders.use([bucket, ...names], { make: false }, async (folder) => {
      await io.unlink(folder.at(leaf));
      await folder.sync();
    });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function descriptorPath(wanted = existsSync('/proc/self/fd')): ((fd: number) => string) | undefined {
  return wanted ? (fd) => `/proc/self/fd/${fd}` : undefined;
}

function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    startedMs: performance.timeOrigin,
    serial: randomBytes(6).toString('hex'),
    isAlive: (pid) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        return errnoOf(error) !== 'ESRCH';
      }
    },
  };
}
