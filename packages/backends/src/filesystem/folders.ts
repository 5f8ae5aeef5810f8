import { constants } from 'node:fs';
import type { Clock } from '@sealgate/core/ports';
import type { filesystemLimits } from '../limits.ts';
import { errnoOf, unreachable } from './faults.ts';
import { createGroupCommit } from './group-commit.ts';
import { type FilesystemIo, quietly } from './io.ts';

/**
 * The folders below one root, kept open. A folder is reached name by name from its parent's descriptor, never through
 * a symbolic link, so no path can leave the root even while somebody moves things about in it.
 *
 * States of the root: unopened -> open -> lost (gone, or another folder in its place) -> open again when a folder is
 * there. It is created once in the driver's life and never again: a root that vanished means that the provider is lost
 * (or its disk not mounted), and writing into a fresh folder would hide that.
 */
export interface Folder {
  /** A path of the entry `name` for a system call. Valid while the folder is in use. */
  at(name: string): string;
  /** Makes every change of this folder's entries so far durable; shared with others who wait for the same. */
  sync(): Promise<void>;
}

export interface Folders {
  /**
   * Opens the folder, runs `first` with it and keeps it in use until `release`. With `make`, folders behind the first
   * `existing` names are created when missing, and durable before `first` sees them. `first` is run again when it met
   * ENOENT in a folder that turned out to be a removed one. @throws NodeJS.ErrnoException; Fault BackendUnreachable
   */
  hold<T>(names: readonly string[], options: UseOptions, first: (folder: Folder) => Promise<T>): Promise<Held<T>>;
  /** `hold` that lets go when `work` is done. */
  use<T>(names: readonly string[], options: UseOptions, work: (folder: Folder) => Promise<T>): Promise<T>;
  /** Is the root there, now? @throws Fault BackendUnreachable */
  checkRoot(): Promise<void>;
  /** Forgets what is known below `names`: it was removed, or something in it is not where it should be. */
  forget(names: readonly string[]): void;
  close(): Promise<void>;
}

interface Held<T> {
  readonly folder: Folder;
  readonly first: T;
  release(): void;
}

interface UseOptions {
  readonly make: boolean;
  readonly existing?: number;
}

interface Opened extends Folder {
  readonly fd: number;
  /** Its entry in the parent is known to be flushed. */
  durable: boolean;
  users: number;
  /** No longer in the cache; closed when its last user leaves. */
  dropped: boolean;
}

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const SEPARATOR = '/';

export function createFolders(deps: {
  readonly root: string;
  readonly io: FilesystemIo;
  readonly clock: Clock;
  readonly limits: typeof filesystemLimits;
  /** Descriptor-relative paths; undefined where the platform has none, then plain paths are used. */
  readonly descriptorPath: ((fd: number) => string) | undefined;
}): Folders {
  const { root, io, clock, limits, descriptorPath } = deps;
  /** By names joined; insertion order is the order of use. '' is the root. */
  const cache = new Map<string, Opened>();
  let identity: string | undefined;
  let checkedMs = -Infinity;
  let created = false;
  let checking: Promise<void> | undefined;

  const drop = (id: string, folder: Opened): void => {
    cache.delete(id);
    folder.dropped = true;
    if (folder.users === 0) void quietly(io.close(folder.fd));
  };

  const dropAll = (): void => {
    for (const [id, folder] of [...cache]) drop(id, folder);
  };

  const makeOpened = (fd: number, path: string, durable: boolean): Opened => {
    const base = descriptorPath?.(fd) ?? path;
    return {
      fd,
      at: (name) => `${base}/${name}`,
      sync: createGroupCommit(() => io.fsync(fd)),
      durable,
      users: 0,
      dropped: false,
    };
  };

  const remember = (id: string, folder: Opened): Opened => {
    const other = cache.get(id);
    if (other !== undefined) {
      void quietly(io.close(folder.fd));
      return other;
    }
    cache.set(id, folder);
    for (const [key, each] of [...cache].slice(0, Math.max(0, cache.size - limits.openFoldersMax))) {
      if (key !== '' && each.users === 0 && each !== folder) drop(key, each);
    }
    return folder;
  };

  const leave = (folder: Opened): void => {
    folder.users -= 1;
    if (folder.dropped && folder.users === 0) void quietly(io.close(folder.fd));
  };

  const checkRootNow = async (): Promise<void> => {
    try {
      if (!created) await io.mkdirp(root, 0o700);
      created = true;
      const { dev, ino } = await io.stat(root);
      if (identity !== `${dev}:${ino}`) {
        dropAll();
        const fd = await io.open(root, constants.O_RDONLY | constants.O_DIRECTORY);
        const facts = await io.fstat(fd);
        identity = `${facts.dev}:${facts.ino}`;
        remember('', makeOpened(fd, root, true));
      }
      checkedMs = clock.monotonic();
    } catch (error) {
      dropAll();
      identity = undefined;
      checkedMs = -Infinity;
      throw unreachable(error);
    }
  };

  const checkRoot = async (): Promise<void> => {
    checking ??= checkRootNow().finally(() => {
      checking = undefined;
    });
    await checking;
  };

  /** Gives the folder with one user more, so that it stays open until that user leaves. */
  const enter = async (names: readonly string[], options: UseOptions): Promise<Opened> => {
    const id = names.join(SEPARATOR);
    const known = cache.get(id);
    if (known !== undefined) {
      known.users += 1;
      cache.delete(id);
      cache.set(id, known);
      if (known.durable || !options.make) return known;
    } else if (names.length === 0) {
      throw unreachable();
    }
    let parent: Opened | undefined;
    let folder = known;
    try {
      parent = await enter(names.slice(0, -1), options);
      if (folder === undefined) {
        folder = remember(id, makeOpened(await openChild(parent, names, options), pathOf(names), false));
        folder.users += 1;
      }
      if (options.make && !folder.durable) {
        await parent.sync();
        folder.durable = true;
      }
      return folder;
    } catch (error) {
      if (folder !== undefined) leave(folder);
      throw error;
    } finally {
      if (parent !== undefined) leave(parent);
    }
  };

  const pathOf = (names: readonly string[]): string => [root, ...names].join('/');

  const openChild = async (parent: Opened, names: readonly string[], options: UseOptions): Promise<number> => {
    const path = parent.at(names.at(-1) ?? '.');
    try {
      return await io.open(path, OPEN_FOLDER);
    } catch (error) {
      const may = options.make && names.length > (options.existing ?? 0);
      if (!may || errnoOf(error) !== 'ENOENT') throw error;
      await io.mkdir(path, 0o700).catch((failed: unknown) => {
        if (errnoOf(failed) !== 'EEXIST') throw failed;
      });
      return await io.open(path, OPEN_FOLDER);
    }
  };

  const holdOnce = async <T>(names: readonly string[], options: UseOptions, first: (f: Folder) => Promise<T>) => {
    const folder = await enter(names, options);
    try {
      return { folder, first: await first(folder), release: () => leave(folder) };
    } catch (error) {
      leave(folder);
      throw error;
    }
  };

  const hold = async <T>(names: readonly string[], options: UseOptions, first: (f: Folder) => Promise<T>) => {
    if (clock.monotonic() - checkedMs >= limits.rootCheckMs) await checkRoot();
    try {
      return await holdOnce(names, options, first);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Either it is not there, or a folder that we hold open was removed and perhaps made anew: look again once.
      await checkRoot();
      forget(names.slice(0, 1));
      return await holdOnce(names, options, first);
    }
  };

  const forget = (names: readonly string[]): void => {
    const id = names.join(SEPARATOR);
    for (const [key, folder] of [...cache]) {
      if (key !== '' && (key === id || key.startsWith(id + SEPARATOR))) drop(key, folder);
    }
  };

  return {
    hold,
    async use(names, options, work) {
      const held = await hold(names, options, work);
      held.release();
      return held.first;
    },
    checkRoot,
    forget,
    async close() {
      const open = [...cache.values()];
      cache.clear();
      identity = undefined;
      checkedMs = -Infinity;
      for (const folder of open) {
        folder.dropped = true;
        if (folder.users === 0) await quietly(io.close(folder.fd));
      }
    },
  };
}
