import { type BackendId, parseBlobId } from '@sealgate/core/names';
import type { Metadata, RepairLease } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { REPAIRS_HEAD, REPAIRS_SCANNED, REPAIRS_SCANS_MAX } from '../limits.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const JOBS = 50_000;
const BATCH = 64;

/** A queue as it is after a backend with many objects was lost. */
describe('a long repair queue', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  let lost: BackendId;
  let good: readonly BackendId[];
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));

  const lease = (writes: readonly BackendId[], changes: { limit?: number; name?: string; leaseMs?: number } = {}) =>
    metadata.leaseRepairs({
      worker: { name: changes.name ?? 'worker', epoch: 0 },
      limit: changes.limit ?? BATCH,
      leaseMs: changes.leaseMs ?? 600_000,
      able: { writes, reads: [...good, lost] },
      kinds: ['repair'],
    });
  const end = async (leases: readonly RepairLease[]) => {
    for (const one of leases) await metadata.endLease({ name: 'worker', epoch: 0 }, one, { kind: 'released' });
  };
  /** A version whose last copy but one is missing, on a backend that works: as urgent as the others, and younger. */
  const owe = async (states: readonly ('stored' | 'missing')[]) => {
    const backends = await world.backends();
    const replicas = backends.map(({ id }, at) => ({ backend: id, shard: 0, state: states[at] ?? 'stored' }));
    const request = await world.version(await world.bucket(), 'key', { replicas });
    await metadata.commitVersion(request);
    return request.blobId;
  };

  beforeAll(async () => {
    database = await suiteDatabase();
    metadata = await openTestMetadata(database.databaseUrl);
    const backends = await world.backends();
    lost = (await world.backend()).id;
    good = backends.map(({ id }) => id);
    const numbers = (await metadata.listBackends()).map(({ id, num }) => [id, num] as const);
    const entry = (id: BackendId | undefined, state: string) =>
      `int2send(${new Map(numbers).get(id as BackendId)}::smallint) || '\\x00'::bytea || '${state}'::bytea`;
    // One blob and its job, then very many like them.
    const pattern = await owe(['stored', 'stored', 'missing']);
    await sql(
      database.databaseUrl,
      `WITH made AS (
         INSERT INTO sealgate.blobs SELECT r.* FROM sealgate.blobs b, generate_series(1, ${JOBS}) n,
           LATERAL jsonb_populate_record(b, jsonb_build_object('blob_id', md5(n::text)::uuid, 'replicas',
             ${entry(good[0], 's')} || ${entry(good[1], 's')} || ${entry(lost, 'm')})) AS r
         WHERE b.blob_id = '${pattern}' RETURNING blob_id)
       INSERT INTO pgboss.job SELECT r.* FROM pgboss.job j, made m,
         LATERAL jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(), 'singleton_key', m.blob_id,
           'data', j.data || jsonb_build_object('blobId', m.blob_id))) AS r
       WHERE j.singleton_key = '${pattern}'`,
    );
    await sql(
      database.databaseUrl,
      `UPDATE pgboss.job SET start_after = now() + interval '1 day' WHERE singleton_key = '${pattern}'`,
    );
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });
  beforeEach(async () => {
    // Whoever looked before was another process.
    await metadata.close();
    metadata = await openTestMetadata(database.databaseUrl);
  });

  it('gives a batch for the price of a batch', async () => {
    const client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    try {
      const numbers = (await metadata.listBackends()).map(({ num }) => num);
      // More than five times, so that the server goes by its general plans.
      for (let turn = 0; turn < 8; turn += 1) {
        await client.query('BEGIN');
        const values = [BATCH, numbers, REPAIRS_HEAD, REPAIRS_SCANNED];
        const { rowCount } = await client.query(
          `SELECT * FROM sealgate.lease_repairs('w', 0, $1::integer, 60000, $2, $2, '{repair}', NULL, $3::integer, $4::integer)`,
          values,
        );
        expect(rowCount).toBe(BATCH + 1);
        const { rows } = await client.query<{ read: string; scans: string }>(
          `SELECT sum(seq_scan) AS scans, sum(seq_tup_read + idx_tup_fetch) AS read FROM pg_stat_xact_user_tables
           WHERE schemaname = 'pgboss' AND relname LIKE 'job%'`,
        );
        expect(Number(rows[0]?.scans)).toBe(0);
        expect(Number(rows[0]?.read)).toBeGreaterThanOrEqual(BATCH);
        expect(Number(rows[0]?.read)).toBeLessThan(32 * BATCH);
        await client.query('ROLLBACK');
      }
    } finally {
      await client.end();
    }
  });

  it('gives what can be done behind what nobody can do now, in turns', async () => {
    const blobId = await owe(['stored', 'stored', 'missing']);
    const found: string[] = [];
    const looked = REPAIRS_SCANNED * REPAIRS_SCANS_MAX;
    for (let calls = 0; found.length === 0 && calls <= JOBS / looked + 1; calls += 1) {
      found.push(...(await lease(good)).map((one) => one.blobId));
    }
    expect(found).toEqual([blobId]);
  });

  it('gives what is most urgent first, wherever the worker has come to', async () => {
    await lease(good);
    const urgent = await owe(['stored', 'missing', 'missing']);
    expect((await lease(good)).map((one) => one.blobId)).toEqual([urgent]);
  });

  it('gives what was lost with its worker, and what waited for its time', async () => {
    const [held] = await lease([lost], { limit: 1, leaseMs: 0 });
    const again = await lease([lost], { limit: 1 });
    expect(again[0]?.jobId).toBe(held?.jobId);
    await end(again);
    const [failed] = await lease([lost], { limit: 1 });
    if (failed === undefined) throw new Error('a job');
    await metadata.endLease({ name: 'worker', epoch: 0 }, failed, { kind: 'failed', reason: 'away', noRoom: [] });
    const next = await lease([lost], { limit: 1 });
    expect(next[0]?.jobId).not.toBe(failed.jobId);
    await end(next);
    await sql(database.databaseUrl, `UPDATE pgboss.job SET start_after = now() WHERE id = '${failed.jobId}'`);
    const due = await lease([lost], { limit: 1 });
    expect(due[0]?.jobId).toBe(failed.jobId);
    await end(due);
  });

  it('knows a backend without room for half an hour: then it may have some', async () => {
    const blobId = await owe(['stored', 'stored', 'missing']);
    const [, , owed] = good;
    const worker = { name: 'worker', epoch: 0 };
    const able = { writes: good, reads: good };
    const [own] = await metadata.leaseRepairs({
      ...{ worker, able, limit: 1, leaseMs: 600_000 },
      ...{ kinds: ['repair'], only: [blobId] },
    });
    if (own === undefined || owed === undefined) throw new Error('There is no job.');
    await metadata.endLease(worker, own, { kind: 'failed', reason: 'BackendFull', noRoom: [owed] });
    const noRoom = async () => (await metadata.walkBlobs(justBefore, 1))[0]?.noRoom;
    const justBefore = parseBlobId(`${blobId.slice(0, -12)}000000000000`);
    const age = (minutes: number) =>
      sql(
        database.databaseUrl,
        `UPDATE pgboss.job j SET data = j.data || jsonb_build_object('noRoom', (
           SELECT jsonb_object_agg(n.key, n.value::bigint - ${minutes} * 60000) FROM jsonb_each_text(j.data -> 'noRoom') n))
         WHERE j.name = 'repair' AND j.singleton_key = '${blobId}'`,
      );
    expect(await noRoom()).toEqual([owed]);
    await age(29);
    expect(await noRoom()).toEqual([owed]);
    await age(2);
    expect(await noRoom()).toEqual([]);
  });
});
