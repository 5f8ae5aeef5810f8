// Folders that a running gateway or agent works in. It makes and removes files and folders all the time, so whatever a
// listing named may be gone when somebody looks at it: that is no fault, and is passed over in one place, here.
import { type Dirent, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where filesystem backends keep what is half written. */
const TEMPORARY = '.sealgate-temp';
const TRIES = 20;

export interface Walk {
  /** Whether half-written files of filesystem backends count. Default: they do. */
  readonly temporary?: boolean;
  /** Whether there may be no such folder, which then holds nothing. Default: that is an error, as of a wrong path. */
  readonly mayBeMissing?: boolean;
}

/**
 * The paths of all files (no sockets, no links) in a folder and below, each of which was there when its own folder was listed. A folder is
 * listed when the walk comes to it.
 *
 * @throws as readdir does when `folder` itself is not there, unless it may be missing
 */
export function* walkFiles(folder: string, walk: Walk = {}): Generator<string, void, void> {
  for (const entry of entriesOf(folder, walk.mayBeMissing === true)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && (walk.temporary !== false || entry.name !== TEMPORARY))
      yield* walkFiles(path, { ...walk, mayBeMissing: true });
  }
}

/** All that `walkFiles` finds. */
export function filesBelow(folder: string, walk: Walk = {}): string[] {
  return [...walkFiles(folder, walk)];
}

/** What each file in a folder and below holds, by its path; without those that went while they were read. */
export function contentsBelow(folder: string, walk: Walk = {}): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (const path of walkFiles(folder, walk)) {
    const content = contentOf(path);
    if (content !== undefined) contents.set(path, content);
  }
  return contents;
}

/** What a file holds; undefined when it is gone. */
export function contentOf(path: string): Buffer | undefined {
  return ifThere(() => readFileSync(path));
}

/** The length of a file in bytes; 0 when it is gone. */
export function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Removes a folder, also one into which files still come while it is removed. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: TRIES, retryDelay: 20 });
}

/** Gives a folder that was moved away its name again, in place of what somebody made there meanwhile. */
export function bringBack(away: string, folder: string): void {
  for (let tries = 1; ; tries += 1) {
    removeFolder(folder);
    try {
      renameSync(away, folder);
      return;
    } catch (error) {
      // Made anew between the two steps.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '') || tries === TRIES)
        throw error;
    }
  }
}

function entriesOf(folder: string, mayBeMissing: boolean): readonly Dirent[] {
  const list = (): Dirent[] => readdirSync(folder, { withFileTypes: true });
  return mayBeMissing ? (ifThere(list) ?? []) : list();
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
