import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from './fixtures.ts';
import { lockDirectory } from './lock.ts';

describe('directory lock', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => {
    directory.remove();
  });

  const inUse = (pid: number): object => ({
    code: 'StartFailed',
    detail: { problem: 'in-use', directory: directory.path, pid },
  });

  it('is exclusive within a process, names its owner, and is free after release', async () => {
    const lock = await lockDirectory(directory.path);
    await expect(lockDirectory(directory.path)).rejects.toMatchObject(inUse(process.pid));
    lock.release();
    lock.release();
    expect(existsSync(join(directory.path, 'owner.json'))).toBe(false);
    (await lockDirectory(directory.path)).release();
  });

  it('is exclusive between processes and ends with a killed one', async () => {
    const script = `
      const { lockDirectory } = await import(process.argv[1]);
      globalThis.lock = await lockDirectory(process.argv[2]);
      console.log('locked');
      setInterval(() => {}, 60_000);`;
    const module = new URL('./lock.ts', import.meta.url).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', module, directory.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(lockDirectory(directory.path)).rejects.toMatchObject(inUse(child.pid ?? 0));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    (await lockDirectory(directory.path)).release();
  });

  it('is not held by a file that a dead owner left', async () => {
    writeFileSync(join(directory.path, 'owner.json'), JSON.stringify({ pid: 1, host: hostname(), since: 'long ago' }));
    writeFileSync(join(directory.path, 'owner.lock'), '');
    (await lockDirectory(directory.path)).release();
  });

  it('has one winner when many want it at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory.path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const tried of tries) if (tried.status === 'fulfilled') tried.value.release();
  });
});
