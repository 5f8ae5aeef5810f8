import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { silentLogger } from '../logger.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';
import { createDatabase, type Database } from './database.ts';
import type { Statement } from './statements.ts';

const statements = new Map<string, Statement>(
  Object.entries({
    sleep: 'SELECT pg_sleep(60)',
    one: 'SELECT 1 AS one',
    broken: 'SELECT nothing FROM nowhere',
    unique: 'INSERT INTO racing.row (id) VALUES ($1)',
    increment: 'UPDATE racing.counter SET value = value + 1 RETURNING value',
  }).map(([name, text]) => [name, { name, text }]),
);

describe('database', () => {
  let server: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    server = await suiteDatabase();
    database = createDatabase(server.databaseUrl, {
      statements,
      logger: silentLogger,
      poolMax: 2,
      applicationName: 'subject',
    });
  });
  afterAll(async () => {
    await database.close();
    await server.drop();
  });

  /** What a restart of the server does to its clients. */
  async function endConnections(application: string): Promise<void> {
    const text = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = '${application}'`;
    await sql(adminOf(server), text);
  }

  it('goes on by itself when its connections were ended', async () => {
    expect(await database.read('one', [])).toEqual([{ one: 1 }]);
    for (let round = 0; round < 3; round += 1) {
      await endConnections('subject');
      expect(await database.read('one', [])).toEqual([{ one: 1 }]);
    }
  });

  it('tells the caller of a change whose connection was lost, and does not try it again', async () => {
    const failed = expect(database.write('sleep', [])).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    await waitUntilActive(server, 'pg_sleep');
    await endConnections('subject');
    await failed;
    expect(await database.read('one', [])).toEqual([{ one: 1 }]);
  });

  it('tries again what lost a race between transactions', async () => {
    await sql(server.databaseUrl, 'CREATE SCHEMA racing; CREATE TABLE racing.counter AS SELECT 0 AS value');
    const serializable = createDatabase(withOption(server.databaseUrl, 'default_transaction_isolation=serializable'), {
      statements,
      logger: silentLogger,
      poolMax: 4,
    });
    try {
      const results = await Promise.all(Array.from({ length: 4 }, () => serializable.write('increment', [])));
      expect(results).toHaveLength(4);
      expect(await sql(server.databaseUrl, 'SELECT value FROM racing.counter')).toEqual([{ value: 4 }]);
    } finally {
      await serializable.close();
    }
  });

  it('keeps the text of errors out of the fault', async () => {
    const error = await database.read('broken', []).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'InternalError' });
    expect(String(error)).not.toContain('nowhere');
    await expect(database.read('no such statement', [])).rejects.toMatchObject({ code: 'InternalError' });
  });

  it('answers a ping, and says so when nobody is there', async () => {
    await database.ping();
    const nobody = createDatabase('postgres://nobody@127.0.0.1:1/none', { statements, logger: silentLogger });
    await expect(nobody.ping()).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    await expect(nobody.write('one', [])).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    await nobody.close();
  });
});

describe('metadata on a database that goes away', () => {
  it('refuses cleanly and recovers without a restart', async () => {
    const server = await suiteDatabase();
    const metadata = await openTestMetadata(server.databaseUrl, { applicationName: 'survivor' });
    const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
    try {
      const bucket = await world.bucket();
      await world.put(bucket, 'before');
      const name = new URL(server.databaseUrl).pathname.slice(1);
      const { adminUrl } = inject('testCluster');
      await sql(adminUrl, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await sql(adminUrl, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`);
      await expect(world.put(bucket, 'meanwhile')).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
      await expect(metadata.ping()).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
      await sql(adminUrl, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await world.put(bucket, 'after');
      const page = await metadata.listObjects({ bucketId: bucket.id, prefix: '', delimiter: '', after: '', limit: 10 });
      expect(page.objects.map((object) => object.key)).toEqual(['after', 'before']);
    } finally {
      await metadata.close();
      await server.drop();
    }
  });
});

function adminOf(server: TestDatabase): string {
  const url = new URL(inject('testCluster').adminUrl);
  url.pathname = new URL(server.databaseUrl).pathname;
  return url.href;
}

function withOption(databaseUrl: string, option: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c ${option}`);
  return url.href;
}

/** Asks until a statement with this text runs; bounded by the test's own time. */
async function waitUntilActive(server: TestDatabase, text: string): Promise<void> {
  // Other suites have databases of their own on the same server.
  const query = `SELECT FROM pg_stat_activity WHERE state = 'active' AND datname = current_database()
    AND application_name = 'subject' AND query LIKE '%${text}%'`;
  while ((await sql(adminOf(server), query)).length === 0);
}
