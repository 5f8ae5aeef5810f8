import { DatabaseSync } from 'node:sqlite';

/**
 * A lock among processes. Node offers no flock, so it is the one that SQLite takes on an empty file: a kernel lock, atomic,
 * gone with the process however it ends, and seen by every process and container that shares the file system, which a pid
 * file or an abstract socket is not. Nothing is ever stored in that file, and it stays: one that is removed can be locked twice.
 *
 * The kernel drops a process's lock when that process closes *any* descriptor of the file: nothing else may open it.
 */
export interface FileLock extends Disposable {
  /** Whoever relies on the lock keeps a reference to it: an unreachable one is collected, and the kernel's lock with it. */
  readonly held: boolean;
}

const SQLITE_BUSY = 5;

/** SQLite's result code of an error, without its extension; 0 for any other error. */
export function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

/** Undefined when it is held already. @throws Error with SQLite's code when the file cannot be locked */
export function lockFile(path: string): FileLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (sqliteCode(error) === SQLITE_BUSY) return undefined;
    throw error;
  }
  const held = database;
  return {
    get held(): boolean {
      return held.isOpen;
    },
    [Symbol.dispose](): void {
      if (held.isOpen) held.close();
    },
  };
}
