import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sealgate/core/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFilesystemDriver } from './filesystem-driver.ts';
import type { ProcessIdentity } from './temp-files.ts';

const signal = new AbortController().signal;
const me: ProcessIdentity = {
  host: 'here',
  pid: 100,
  startedMs: 5000,
  serial: 'aa',
  isAlive: (pid) => pid === 100 || pid === 200,
};

describe('temporary files that a dead process left', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sealgate-fs-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const leave = (owner: string, ageMs = 0): string => {
    const folder = join(root, '.sealgate-temp', owner);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '1'), 'half a body');
    const modified = new Date(systemClock.now() - ageMs);
    utimesSync(folder, modified, modified);
    return folder;
  };

  it.each([
    ['of a process that is gone', 'here_300_1000_bb', 0, false],
    ['of an earlier process with our id', 'here_100_4000_bb', 0, false],
    ['of another driver in our process', 'here_100_5000_bb', 0, true],
    ['of a process that lives', 'here_200_1000_bb', 0, true],
    ['of a process id that was given anew, a day later', 'here_200_1000_bb', 25 * 3600_000, false],
    ['of another machine', 'there_300_1000_bb', 0, true],
    ['of another machine, a day later', 'there_300_1000_bb', 25 * 3600_000, false],
    ['of nobody we know', 'something else', 25 * 3600_000, true],
  ])('%s', async (_, owner, ageMs, stays) => {
    const folder = leave(owner, ageMs);
    const driver = createFilesystemDriver({ root, identity: me });
    await driver.head('s3gw-0000000000000000-x' as never, 'b/x', { signal });
    expect(existsSync(folder)).toBe(stays);
    await driver.close();
    expect(readdirSync(join(root, '.sealgate-temp'))).toEqual(stays ? [owner] : []);
  });
});
