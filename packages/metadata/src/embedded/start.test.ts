import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isFault } from '@sealgate/core/faults';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { withClient } from './connection.ts';
import { savingLogger, startOtherGateway, temporaryDirectory } from './fixtures.ts';
import { childrenOf, isPostmaster, signalProcess } from './process-table.ts';
import { startCluster, startEmbeddedPostgres } from './start.ts';
import type { EmbeddedCluster } from './types.ts';

const WAIT = 60_000;

/** One data directory for the whole file: making a cluster is what takes time. */
describe('embedded PostgreSQL', { timeout: WAIT }, () => {
  const directory = temporaryDirectory();
  const dataDir = directory.path;
  const logger = savingLogger();
  const running: EmbeddedCluster[] = [];
  const open = async (options: { settings?: Record<string, string>; transport?: 'loopback' } = {}) => {
    const cluster = await startCluster({ dataDir, logger, ...options });
    running.push(cluster);
    return cluster;
  };
  const count = (url: string): Promise<number> =>
    withClient(url, async (client) => (await client.query('SELECT v FROM kept')).rows.length);

  afterEach(async () => {
    for (const cluster of running.splice(0)) await cluster.stop();
  });
  afterAll(() => {
    directory.remove();
  });

  it('makes a cluster with UTF-8, bytewise order, checksums and durable commits', async () => {
    const cluster = await open();
    const settings = await withClient(cluster.databaseUrl, (client) =>
      client.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings'),
    );
    const { rows } = settings;
    const of = (name: string): string | undefined => rows.find((row) => row.name === name)?.setting;
    const promised = ['server_encoding', 'data_checksums', 'fsync', 'synchronous_commit', 'full_page_writes'];
    expect(promised.map(of)).toEqual(['UTF8', 'on', 'on', 'on', 'on']);
    expect(of('listen_addresses')).toBe('');
    const order = await withClient(cluster.databaseUrl, (client) =>
      client.query<{ v: string }>(`SELECT v FROM unnest(ARRAY['b', 'ä', 'B', 'a']) AS v ORDER BY v`),
    );
    expect(order.rows.map(({ v }) => v)).toEqual(['B', 'a', 'b', 'ä']);
    await withClient(cluster.databaseUrl, (client) => client.query('CREATE TABLE kept AS SELECT 1 AS v'));
  });

  it('connects as an owner that is no superuser and keeps secrets in files of its own user only', async () => {
    const cluster = await open();
    const role = await withClient(cluster.databaseUrl, (client) =>
      client.query(
        `SELECT current_user::text AS name, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user`,
      ),
    );
    expect(role.rows).toEqual([{ name: 'sealgate', rolsuper: false, rolcreaterole: false, rolcreatedb: false }]);
    const root = join(dataDir, 'postgres');
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, 'cluster')).mode & 0o777).toBe(0o700);
    for (const file of ['identity.json', 'server.log']) expect(statSync(join(root, file)).mode & 0o777).toBe(0o600);
    expect(existsSync(join(root, 'password.new'))).toBe(false);
  });

  it('refuses a wrong password', async () => {
    const cluster = await open();
    const wrong = new URL(cluster.databaseUrl);
    wrong.password = 'wrong';
    await expect(withClient(wrong.href, () => Promise.resolve())).rejects.toMatchObject({ code: '28P01' });
  });

  it('keeps the data over a restart; stop ends every process and may be called twice', async () => {
    const cluster = await open();
    expect(await count(cluster.databaseUrl)).toBe(1);
    const [name = ''] =
      /sealgate-[0-9a-f]+/.exec(readFileSync(join(dataDir, 'postgres', 'identity.json'), 'utf8')) ?? [];
    expect(isPostmaster(cluster.pid, name)).toBe(true);
    await Promise.all([cluster.stop(), cluster.stop()]);
    await cluster.stop();
    expect(isPostmaster(cluster.pid, name)).toBe(false);
    expect(childrenOf(name)).toEqual([]);
    expect(existsSync(join(dataDir, 'postgres', 'owner.json'))).toBe(false);
  });

  it('stops although clients are connected and in a transaction', async () => {
    const cluster = await open();
    await withClient(cluster.databaseUrl, async (client) => {
      await client.query('BEGIN; INSERT INTO kept VALUES (2)');
      await cluster.stop();
      await expect(client.query('COMMIT')).rejects.toThrow();
    });
    expect(await count((await open()).databaseUrl)).toBe(1);
  });

  it('names directory and process when a second gateway wants the same directory', async () => {
    await open();
    const refused = startEmbeddedPostgres({ dataDir, logger });
    await expect(refused).rejects.toSatisfy((error) => isFault(error, 'StartFailed'));
    await expect(refused).rejects.toMatchObject({ detail: { problem: 'in-use', pid: process.pid } });
    await expect(refused).rejects.toThrow(join(dataDir, 'postgres'));
  });

  it('listens on 127.0.0.1 where a socket is not wanted', async () => {
    const cluster = await open({ transport: 'loopback' });
    expect(new URL(cluster.databaseUrl).hostname).toBe('127.0.0.1');
    expect(await count(cluster.databaseUrl)).toBe(1);
  });

  it('gives up when aborted, and leaves the directory free', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const begun = startEmbeddedPostgres({ dataDir, logger, signal: abort.signal });
    abort.abort(reason);
    await expect(begun).rejects.toSatisfy((error) => error === reason || (error as Error).name === 'AbortError');
    expect(await count((await open()).databaseUrl)).toBe(1);
  });

  it('starts the server again when something kills it', async () => {
    const cluster = await open();
    const before = cluster.pid;
    signalProcess(before, 'SIGKILL');
    await vi.waitFor(
      async () => {
        expect(cluster.pid).not.toBe(before);
        expect(await count(cluster.databaseUrl)).toBe(1);
      },
      { timeout: 30_000 },
    );
    expect(logger.lines.map(({ message }) => message)).toContain(
      'the embedded database ended unexpectedly; starting it again',
    );
  });

  it('takes over the server of a gateway that was killed', async () => {
    const other = await startOtherGateway(dataDir);
    await other.kill();
    const cluster = await open();
    expect([cluster.adopted, cluster.pid]).toEqual([true, other.serverPid]);
    expect(await count(cluster.databaseUrl)).toBe(1);
  });

  it('is not reached by Ctrl-C, which the terminal sends to the whole process group of the gateway', async () => {
    const other = await startOtherGateway(dataDir);
    await other.interruptGroup();
    const cluster = await open();
    expect([cluster.adopted, cluster.pid]).toEqual([true, other.serverPid]);
  });

  it('ends the server of a killed gateway and starts anew when it runs with other settings', async () => {
    const other = await startOtherGateway(dataDir, { work_mem: '9MB' });
    await other.kill();
    const cluster = await open();
    expect(cluster.adopted).toBe(false);
    expect(cluster.pid).not.toBe(other.serverPid);
    expect(await count(cluster.databaseUrl)).toBe(1);
  });

  it('recovers when gateway and server were killed together', async () => {
    const other = await startOtherGateway(dataDir);
    await other.kill();
    signalProcess(other.serverPid, 'SIGKILL');
    const cluster = await open();
    expect(cluster.adopted).toBe(false);
    expect(await count(cluster.databaseUrl)).toBe(1);
  });
});
