import { constants } from 'node:fs';
import type { Clock } from '@sealgate/core/ports';
import type { filesystemLimits } from '../limits.ts';
import { errnoOf } from './faults.ts';
import type { Folder, Folders } from './folders.ts';
import { type FilesystemIo, quietly } from './io.ts';

/** No bucket can have this name: it starts with a dot. */
const TEMP_FOLDER = '.sealgate-temp';
const OWNER = /^(?<host>[A-Za-z0-9.-]*)_(?<pid>\d+)_(?<started>\d+)_(?<serial>[0-9a-f]+)$/;

/** What tells one process, and one driver in it, from all others that may share a root. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When the process started, milliseconds since 1970. */
  readonly startedMs: number;
  /** Hex digits, different for each driver. */
  readonly serial: string;
  /** Is there a process with this id on this machine? */
  readonly isAlive: (pid: number) => boolean;
}

export interface TempFiles {
  /**
   * Makes a temporary file, in a folder of this driver below the root: on the same file system as the blobs, so that it
   * can be linked into place. The caller removes it, whatever happens.
   */
  create(flags: number): Promise<TempFile>;
  /** Removes what dead processes left behind. Other live processes on the same root keep theirs. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

interface TempFile {
  readonly fd: number;
  readonly path: string;
  /** Closes and unlinks it, once. Never throws: the next sweep finds what could not be removed. */
  remove(): Promise<void>;
}

export function createTempFiles(deps: {
  readonly folders: Folders;
  readonly io: FilesystemIo;
  readonly clock: Clock;
  readonly identity: ProcessIdentity;
  readonly limits: typeof filesystemLimits;
}): TempFiles {
  const { folders, io, clock, identity, limits } = deps;
  const host = identity.host.replace(/[^A-Za-z0-9.-]/g, '-');
  const own = `${host}_${identity.pid}_${Math.floor(identity.startedMs)}_${identity.serial}`;
  let count = 0;

  const isStale = async (owner: string, parent: Folder): Promise<boolean> => {
    const parts = OWNER.exec(owner)?.groups;
    if (parts === undefined || owner === own) return false;
    const pid = Number(parts.pid);
    if (parts.host === host) {
      if (pid === identity.pid && Number(parts.started) !== Math.floor(identity.startedMs)) return true;
      if (!identity.isAlive(pid)) return true;
    }
    // Another machine's, or a process id that may have been given anew: only age tells.
    const { modifiedAtMs } = await io.lstat(parent.at(owner));
    return clock.now() - modifiedAtMs > limits.foreignTempAgeMs;
  };

  const removeOwner = async (owner: string): Promise<void> => {
    await folders.use([TEMP_FOLDER, owner], { make: false }, async (folder) => {
      for (const name of await io.readdir(folder.at('.'))) await quietly(io.unlink(folder.at(name)));
    });
    folders.forget([TEMP_FOLDER, owner]);
    await folders.use([TEMP_FOLDER], { make: false }, (parent) => quietly(io.rmdir(parent.at(owner))));
  };

  return {
    async create(flags) {
      count += 1;
      const name = count.toString(36);
      const held = await folders.hold([TEMP_FOLDER, own], { make: true }, (folder) =>
        io.open(folder.at(name), flags | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW),
      );
      const fd = held.first;
      const path = held.folder.at(name);
      let removal: Promise<void> | undefined;
      const remove = async (): Promise<void> => {
        await Promise.all([quietly(io.close(fd)), quietly(io.unlink(path))]);
        held.release();
      };
      return {
        fd,
        path,
        remove() {
          removal ??= remove();
          return removal;
        },
      };
    },
    async sweep() {
      const stale = await folders.use([TEMP_FOLDER], { make: true }, async (parent) => {
        const owners = await io.readdir(parent.at('.'));
        const verdicts = await Promise.all(owners.map((owner) => isStale(owner, parent).catch(() => false)));
        return owners.filter((_, index) => verdicts[index]);
      });
      for (const owner of stale) await quietly(removeOwner(owner));
    },
    async close() {
      folders.forget([TEMP_FOLDER, own]);
      await quietly(
        folders.use([TEMP_FOLDER], { make: false }, async (parent) => {
          await io.rmdir(parent.at(own)).catch((error: unknown) => {
            if (errnoOf(error) !== 'ENOENT') throw error;
          });
        }),
      );
    },
  };
}
