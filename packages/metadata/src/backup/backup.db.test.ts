import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { emptyDatabase, sql } from '../testing/empty-database.ts';
import { dumpMetadata } from './dump.ts';
import { jsonFrame } from './frames.ts';
import { restoreMetadata } from './restore.ts';

type Opened = Awaited<ReturnType<typeof openTestMetadata>>;

describe('a backup of the metadata', () => {
  let source: TestDatabase;
  let metadata: Opened;
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
  const made: TestDatabase[] = [];
  const empty = async (): Promise<string> => {
    const database = await emptyDatabase();
    made.push(database);
    return database.databaseUrl;
  };
  beforeAll(async () => {
    source = await suiteDatabase();
    metadata = await openTestMetadata(source.databaseUrl);
  });
  afterAll(async () => {
    await metadata.close();
    for (const database of [source, ...made]) await database.drop();
  });

  async function taken(): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    for await (const frame of dumpMetadata({ databaseUrl: source.databaseUrl })) frames.push(frame);
    return frames;
  }
  const restoreInto = (databaseUrl: string, frames: readonly Buffer[]) =>
    restoreMetadata({
      databaseUrl,
      backup: (async function* () {
        yield* frames;
      })(),
    });

  it('taken while clients write holds one moment: every version with its blob and its entry, and all before it', async () => {
    const bucket = await world.bucket('enabled');
    const before = await Promise.all(Array.from({ length: 20 }, (_, i) => world.put(bucket, `before-${i}`)));
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; writing; i += 1) await world.put(bucket, `w${writer}/${i}`);
    });
    const frames = await taken();
    writing = false;
    await Promise.all(writers);

    const target = await empty();
    const restored = await restoreInto(target, frames);
    expect(restored.rows).toBeGreaterThan(60);
    const [facts] = await sql<Record<string, number>>(
      target,
      `SELECT count(*)::integer AS objects, count(b.blob_id)::integer AS blobs, count(a.seq)::integer AS entries
       FROM sealgate.objects o LEFT JOIN sealgate.blobs b ON b.blob_id = o.blob_id LEFT JOIN sealgate.audit_log a ON a.seq = o.seq`,
    );
    expect(facts?.['blobs']).toBe(facts?.['objects']);
    expect(facts?.['entries']).toBe(facts?.['objects']);
    const opened = await openTestMetadata(target);
    for (const [i, { seq, versionId }] of before.entries()) {
      const { key } = await world.version(bucket, `before-${i}`);
      expect(await opened.version(bucket.id, key, versionId)).toEqual(
        await metadata.version(bucket.id, key, versionId),
      );
      expect(seq).toBeGreaterThan(0n);
    }
    // Its secrets open under the same passphrase, and numbers go on behind those that were given.
    expect((await opened.listBackends()).map(({ credentials }) => credentials?.secretAccessKey)).toContain('a secret');
    const [, newest] = [before, await opened.commitVersion(await world.version(bucket, 'after'))];
    expect(newest.seq).toBeGreaterThan(before.at(-1)?.seq ?? 0n);
    await opened.close();
  });

  it('is the same database, row for row, but for the hold and leases', async () => {
    const target = await empty();
    await restoreInto(target, await taken());
    const tables = await sql<{ name: string }>(
      source.databaseUrl,
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind = 'r'
       AND c.relname NOT IN ('migrations', 'functions', 'holds', 'cursors') ORDER BY 1`,
    );
    for (const { name } of tables) {
      const rows = (url: string) => sql(url, `SELECT t::text AS row FROM sealgate.${name} t ORDER BY 1`);
      expect(await rows(target), name).toEqual(await rows(source.databaseUrl));
    }
    const triggers = await sql(target, `SELECT tgname FROM pg_trigger WHERE tgenabled = 'D'`);
    expect(triggers).toEqual([]);
  });

  it('asks again for the repair of what was missing, and holds the sweep for orphans', async () => {
    const bucket = await world.bucket();
    const backends = await world.backends();
    const replicas = backends.map(
      ({ id }, i) => ({ backend: id, shard: 0, state: i === 0 ? 'missing' : 'stored' }) as const,
    );
    const request = await world.version(bucket, 'owed', { replicas });
    await metadata.commitVersion(request);
    const target = await empty();
    expect((await restoreInto(target, await taken())).repairs).toBe(1);
    const opened = await openTestMetadata(target);
    const restored = createMetadataWorld(() => ({
      metadata: opened,
      now: () => Date.now(),
      close: () => Promise.resolve(),
    }));
    expect((await restored.repairs.take()).map(({ blobId }) => blobId)).toEqual([request.blobId]);
    expect(await opened.sweepHold()).toMatchObject({
      reason: expect.stringMatching(/^restored from the backup of 20/) as string,
    });
    await opened.close();
  });

  it('is refused by a database that has metadata, and in a form that this release does not know', async () => {
    const frames = await taken();
    const target = await empty();
    await restoreInto(target, frames);
    await expect(restoreInto(target, frames)).rejects.toMatchObject({ code: 'Conflict' });
    const [head, ...rest] = frames;
    const header = JSON.parse(head?.subarray(5).toString() ?? '') as {
      migrations: { number: number; checksum: string }[];
    };
    const newer = [...header.migrations, { number: header.migrations.length + 1, checksum: 'x' }];
    const others = header.migrations.map((migration) => ({ ...migration, checksum: 'x' }));
    for (const migrations of [newer, others]) {
      const changed = [jsonFrame({ ...header, migrations }), ...rest];
      await expect(restoreInto(await empty(), changed)).rejects.toMatchObject({ code: 'Conflict' });
    }
  });

  it('that was cut or changed leaves nothing behind, and a whole one can follow', async () => {
    const frames = await taken();
    const target = await empty();
    const rows = frames.findIndex((frame) => frame[0] === 2);
    const changed = Buffer.from(frames[rows] ?? []);
    changed.writeUInt8(changed.readUInt8(5) ^ 1, 5);
    for (const damaged of [
      frames.slice(0, -1),
      frames.slice(0, 5),
      frames.toSpliced(rows, 1),
      frames.toSpliced(rows, 1, changed),
    ]) {
      await expect(restoreInto(target, damaged)).rejects.toMatchObject({
        code: expect.stringMatching(/ValidationFailed|InternalError/) as string,
      });
      const left = await sql(target, 'SELECT FROM sealgate.tenants');
      expect(left).toEqual([]);
    }
    expect((await restoreInto(target, frames)).rows).toBeGreaterThan(0);
  });
});
