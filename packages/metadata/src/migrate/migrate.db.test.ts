import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Backend } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata } from '../testing/database.ts';
import { emptyDatabase, sql } from '../testing/empty-database.ts';
import { schemaSnapshot } from '../testing/schema-snapshot.ts';
import { loadSchemaFiles } from './files.ts';
import { migrate } from './migrate.ts';

const files = loadSchemaFiles();
const snapshotFile = new URL('../../schema.snapshot.txt', import.meta.url);

const replicasMissing = (backends: readonly Backend[]) =>
  backends.map(({ id }) => ({ backend: id, shard: 0, state: 'missing' as const }));

/** The same database as the superuser of the cluster. */
function adminOf(databaseUrl: string): string {
  const url = new URL(inject('testCluster').adminUrl);
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
}

describe('migrate', () => {
  const databases: TestDatabase[] = [];
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.drop();
  });

  async function empty(options: Parameters<typeof emptyDatabase>[0] = {}): Promise<string> {
    const database = await emptyDatabase(options);
    databases.push(database);
    return database.databaseUrl;
  }

  it('makes the schema that is committed as schema.snapshot.txt', async () => {
    const databaseUrl = await empty();
    await migrate({ databaseUrl });
    await expect(await schemaSnapshot(databaseUrl)).toMatchFileSnapshot(fileURLToPath(snapshotFile));
  });

  it('does nothing the second time', async () => {
    const databaseUrl = await empty();
    const first = await migrate({ databaseUrl });
    expect(first.applied).toEqual(files.migrations.map((file) => file.name));
    expect(first.functions).toHaveLength(files.functions.length);
    const before = await schemaSnapshot(databaseUrl);
    expect(await migrate({ databaseUrl })).toMatchObject({ applied: [], functions: [] });
    expect(await schemaSnapshot(databaseUrl)).toBe(before);
  });

  it('tells of settings under which acknowledged commits may be lost', async () => {
    const databaseUrl = await empty();
    // Those of the cluster that tests run on.
    const ofServer = ['fsync=off', 'full_page_writes=off'];
    expect((await migrate({ databaseUrl })).undurable).toEqual([...ofServer, 'synchronous_commit=off']);
    const name = new URL(databaseUrl).pathname.slice(1);
    await sql(adminOf(databaseUrl), `ALTER DATABASE ${name} SET synchronous_commit = 'remote_apply'`);
    expect((await migrate({ databaseUrl })).undurable).toEqual(ofServer);
  });

  it('comes to the same schema from every earlier version', async () => {
    const whole = readFileSync(snapshotFile, 'utf8');
    // It grows by one migration at a time; each age of it goes on from a copy.
    const grown = await empty();
    for (let upTo = 1; upTo < files.migrations.length; upTo += 1) {
      const early = { migrations: files.migrations.slice(0, upTo), functions: [] };
      expect((await migrate({ databaseUrl: grown, files: early })).applied).toHaveLength(1);
      const databaseUrl = await empty({ from: grown });
      const { applied } = await migrate({ databaseUrl });
      expect(applied).toHaveLength(files.migrations.length - upTo);
      expect(await schemaSnapshot(databaseUrl)).toBe(whole);
    }
    // A database for each version: it takes longer with every migration, and on a busy machine.
  }, 600_000);

  it('lets one of many processes do it, and all find it done', async () => {
    const databaseUrl = await empty();
    const results = await Promise.all([1, 2, 3, 4].map(() => migrate({ databaseUrl })));
    expect(results.map((result) => result.applied.length).sort()).toEqual([0, 0, 0, files.migrations.length]);
  });

  it('leaves nothing of a migration that fails', async () => {
    const databaseUrl = await empty();
    const [first] = files.migrations;
    if (first === undefined) throw new Error('there is a first migration');
    const broken = {
      ...first,
      number: 2,
      name: '0002-broken.sql',
      text: 'CREATE TABLE sealgate.half (a integer); SELECT 1 / 0',
    };
    const attempt = migrate({ databaseUrl, files: { migrations: [first, broken], functions: [] } });
    await expect(attempt).rejects.toMatchObject({ code: 'InternalError' });
    const tables = await sql(databaseUrl, "SELECT FROM pg_tables WHERE schemaname = 'sealgate'");
    expect(tables).toEqual([]);
    expect((await migrate({ databaseUrl })).applied).toHaveLength(files.migrations.length);
  });

  it('applies a function again when its text has changed', async () => {
    const databaseUrl = await empty();
    await migrate({ databaseUrl });
    const [first, ...rest] = files.functions;
    if (first === undefined) throw new Error('there is a first function');
    const changed = { ...first, checksum: 'another', text: `-- changed\n${first.text}` };
    const result = await migrate({ databaseUrl, files: { ...files, functions: [changed, ...rest] } });
    expect(result).toMatchObject({ applied: [], functions: [first.name] });
  });

  it('leaves one form of a function that takes other arguments now', async () => {
    const databaseUrl = await empty();
    const head = 'CREATE OR REPLACE FUNCTION sealgate.one_form';
    const form = (argument: string) => ({
      migrations: files.migrations.slice(0, 1),
      functions: [
        {
          name: 'one-form.sql',
          checksum: argument,
          text: `${head}(a ${argument}) RETURNS ${argument} LANGUAGE sql AS 'SELECT a'`,
        },
      ],
    });
    await migrate({ databaseUrl, files: form('integer') });
    await migrate({ databaseUrl, files: form('text') });
    const forms = await sql(
      databaseUrl,
      "SELECT oid::regprocedure::text AS form FROM pg_proc WHERE proname = 'one_form'",
    );
    expect(forms).toEqual([{ form: 'sealgate.one_form(text)' }]);
  });

  it('gives a runtime role what the program needs and no more', async () => {
    const databaseUrl = await empty();
    const role = `runtime_${randomBytes(4).toString('hex')}`;
    const { adminUrl } = inject('testCluster');
    await sql(adminUrl, `CREATE ROLE ${role} LOGIN PASSWORD 'runtime'`);
    try {
      await migrate({ databaseUrl, runtimeRole: role });
      const url = new URL(databaseUrl);
      url.username = role;
      url.password = 'runtime';
      const metadata = await openTestMetadata(url.href);
      const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
      await world.put(await world.bucket(), 'key', { replicas: replicasMissing(await world.backends()) });
      expect(await world.repairs.take()).toHaveLength(1);
      await metadata.close();
      for (const forbidden of [
        'DELETE FROM sealgate.audit_log',
        'DELETE FROM sealgate.migrations',
        'DROP TABLE sealgate.blobs',
      ]) {
        await expect(sql(url.href, forbidden)).rejects.toThrow(/permission denied|must be owner/);
      }
    } finally {
      await sql(adminOf(databaseUrl), `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('refuses a database that another release made', async () => {
    const databaseUrl = await empty();
    await migrate({ databaseUrl });
    await sql(databaseUrl, "UPDATE sealgate.migrations SET checksum = 'another' WHERE number = 1");
    await expect(migrate({ databaseUrl })).rejects.toMatchObject({ code: 'StartFailed', message: /0001-registry/ });
  });

  it('refuses a database that is newer than the program, and changes nothing in it', async () => {
    const databaseUrl = await empty();
    await migrate({ databaseUrl });
    await sql(
      databaseUrl,
      "INSERT INTO sealgate.migrations (number, name, checksum) VALUES (99, '0099-later.sql', 'x')",
    );
    // The later program may keep its queue elsewhere.
    await sql(databaseUrl, 'ALTER SCHEMA pgboss RENAME TO pgboss_later');
    await expect(migrate({ databaseUrl })).rejects.toMatchObject({
      code: 'StartFailed',
      message: /newer than the program/,
    });
    expect(await sql(databaseUrl, "SELECT FROM pg_namespace WHERE nspname = 'pgboss'")).toEqual([]);
  });

  it('refuses an encoding that cannot hold keys', async () => {
    const databaseUrl = await empty({ encoding: 'LATIN1' });
    await expect(migrate({ databaseUrl })).rejects.toMatchObject({ code: 'StartFailed', message: /UTF8/ });
  });

  it('says what is wrong with the address', async () => {
    const url = new URL(await empty());
    url.pathname = '/not-there';
    await expect(migrate({ databaseUrl: url.href })).rejects.toMatchObject({
      code: 'StartFailed',
      message: /does not exist/,
    });
    url.password = 'wrong';
    await expect(migrate({ databaseUrl: url.href })).rejects.toMatchObject({
      code: 'StartFailed',
      message: /password/,
    });
  });

  it('says that the database does not answer when nobody listens', async () => {
    const attempt = migrate({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
    await expect(attempt).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
  });
});
