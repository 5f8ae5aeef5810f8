import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '@sealgate/core/faults';
import { type FileLock, lockFile, sqliteCode } from './file-lock.ts';
import { OWNER_READ_EVERY_MS, OWNER_READS_MAX } from './limits.ts';
import { diskFull, notPermitted, startFault } from './start-fault.ts';

/** One gateway per directory: the lock of a file in it, with a word beside it about who has it. */
export interface DirectoryLock {
  /** As long as somebody keeps a reference to this. */
  readonly held: boolean;
  release(): void;
}

const SQLITE_FULL = 13;

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** @throws Fault `StartFailed`: `in-use` names the owner; `not-permitted` or `disk-full` when the file cannot be locked. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const ownerFile = join(directory, 'owner.json');
  const lock = lockOf(directory);
  if (lock === undefined) throw await inUse(directory, ownerFile);
  const owner: Owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  try {
    // Another user, root for one, may have left a file that we could not write to.
    rmSync(ownerFile, { force: true });
    writeFileSync(ownerFile, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  return {
    get held(): boolean {
      return lock.held;
    },
    release(): void {
      if (!lock.held) return;
      rmSync(ownerFile, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

function lockOf(directory: string): FileLock | undefined {
  try {
    return lockFile(join(directory, 'owner.lock'));
  } catch (error) {
    const code = sqliteCode(error);
    throw code === SQLITE_FULL
      ? diskFull(directory, error)
      : notPermitted(directory, { code: `SQLite ${code}`, cause: error });
  }
}

async function inUse(directory: string, ownerFile: string): Promise<Fault> {
  const owner = await readOwner(ownerFile);
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host} (since ${owner.since})`;
  const message = `The data directory ${directory} is in use by ${who}. Stop that gateway, or give this one another SEALGATE_DATA_DIR.`;
  return startFault('in-use', message, {
    directory,
    ...(owner === undefined ? {} : { pid: owner.pid }),
  });
}

/** The owner writes its name after it took the lock, so a name of the dead owner before it may stand there for a moment. */
async function readOwner(ownerFile: string): Promise<Owner | undefined> {
  let owner: Owner | undefined;
  for (let read = 0; read < OWNER_READS_MAX; read += 1) {
    owner = parseOwner(ownerFile);
    if (owner !== undefined && (owner.host !== hostname() || isAlive(owner.pid))) return owner;
    await sleep(OWNER_READ_EVERY_MS);
  }
  return owner;
}

function parseOwner(ownerFile: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(ownerFile, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return undefined;
    const host = 'host' in value && typeof value.host === 'string' ? value.host : 'an unknown host';
    const since = 'since' in value && typeof value.since === 'string' ? value.since : 'an unknown time';
    return { pid: value.pid, host, since };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
