import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { withClient } from './connection.ts';
import { savingLogger, startOtherGateway, temporaryDirectory } from './fixtures.ts';
import { readJson } from './layout.ts';
import { signalProcess } from './process-table.ts';
import { startCluster } from './start.ts';
import type { EmbeddedCluster } from './types.ts';

/** What a crash may leave behind, beyond the plain cases of start.test.ts. One data directory for the file. */
describe('after a crash', () => {
  const directory = temporaryDirectory();
  const dataDir = directory.path;
  const root = join(dataDir, 'postgres');
  const pidFile = join(root, 'cluster', 'postmaster.pid');
  const logger = savingLogger();
  let cluster: EmbeddedCluster | undefined;
  let stranger: ChildProcess | undefined;
  const open = async (): Promise<EmbeddedCluster> => {
    cluster = await startCluster({ dataDir, logger });
    expect((await withClient(cluster.databaseUrl, (client) => client.query('SELECT 1'))).rowCount).toBe(1);
    return cluster;
  };
  /** Both processes killed, as by a power cut. */
  const crash = async (): Promise<void> => {
    const other = await startOtherGateway(dataDir);
    await other.kill();
    signalProcess(other.serverPid, 'SIGKILL');
  };

  afterEach(async () => {
    await cluster?.stop();
    stranger?.kill('SIGKILL');
    cluster = stranger = undefined;
  });
  afterAll(() => {
    directory.remove();
  });

  it('starts although another program has the old process number now, and leaves that program alone', async () => {
    await crash();
    stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
    const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [stranger.pid, ...rest].join('\n'));
    writeFileSync(
      join(root, 'server.json'),
      JSON.stringify({ pid: stranger.pid, digest: '', listen: { transport: 'socket' } }),
    );
    const { adopted } = await open();
    expect(adopted).toBe(false);
    expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
  });

  it.each([
    ['empty', ''],
    ['torn', 'abc'],
    ['negative', '-1\n'],
  ])('starts with a %s postmaster.pid', async (_what, content) => {
    await crash();
    writeFileSync(pidFile, content);
    expect((await open()).adopted).toBe(false);
  });

  it('ends a server of its own that it has no record of, even when postmaster.pid is gone', async () => {
    const other = await startOtherGateway(dataDir);
    await other.kill();
    rmSync(join(root, 'server.json'));
    rmSync(pidFile);
    const { adopted, pid } = await open();
    expect(adopted).toBe(false);
    expect(pid).not.toBe(other.serverPid);
  });

  it('makes a cluster anew whose creation was not completed', async () => {
    await open();
    await cluster?.stop();
    const identity = join(root, 'identity.json');
    writeFileSync(identity, JSON.stringify({ ...readJson(identity), complete: false }));
    writeFileSync(join(root, 'cluster', 'half-made'), '');
    await open();
    expect(existsSync(join(root, 'cluster', 'half-made'))).toBe(false);
    expect(readJson(identity)).toMatchObject({ complete: true });
  });
});
