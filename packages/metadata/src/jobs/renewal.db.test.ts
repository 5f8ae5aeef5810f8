import type { Metadata } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

let database: TestDatabase;
let metadata: Metadata;
const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
const worker = { name: 'worker', epoch: 0 };

beforeAll(async () => {
  database = await suiteDatabase();
  metadata = await openTestMetadata(database.databaseUrl);
});
afterAll(async () => {
  await metadata.close();
  await database.drop();
});

/** Resolves once a statement waits for a lock. Bounded by the test's own time. */
async function untilOneWaits(): Promise<void> {
  const query = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await sql(database.databaseUrl, query)).length === 0);
}

it('a copy that is reported while the job of its blob ends has a job, whichever of the two commits first', async () => {
  const [owed, ...others] = (await world.backends()).map(({ id }) => id);
  if (owed === undefined) throw new Error('There is no backend.');
  const replicas = [owed, ...others].map((backend) => ({
    ...{ backend, shard: 0 },
    state: backend === owed ? ('missing' as const) : ('stored' as const),
  }));
  const request = await world.version(await world.bucket(), 'key', { replicas });
  await metadata.commitVersion(request);
  const { blobId } = request;
  const able = { writes: [owed], reads: others };
  const job = { worker, able, limit: 1, leaseMs: 60_000, kinds: ['repair'] as const, only: [blobId] };
  const [held] = await metadata.leaseRepairs(job);
  if (held === undefined) throw new Error('There is no job.');
  // Its writer was only late, so there is nothing left to do.
  await metadata.markReplica(blobId, { backend: owed, shard: 0, state: 'stored' });
  const reader = new pg.Client({ connectionString: database.databaseUrl });
  await reader.connect();
  try {
    await reader.query('BEGIN');
    await reader.query(
      `SELECT sealgate.mark_replica($1, substring(b.replicas FROM 1 FOR 3) || 'm'::bytea, true, t.id, '', 0)
       FROM sealgate.blobs b, (SELECT id FROM sealgate.terms LIMIT 1) t WHERE b.blob_id = $1`,
      [blobId],
    );
    const ended = metadata.endLease(worker, held, { kind: 'done' });
    await Promise.race([ended, untilOneWaits()]);
    await reader.query('COMMIT');
    expect(await ended).toBe(true);
  } finally {
    await reader.end();
  }
  expect((await metadata.leaseRepairs(job)).map((lease) => lease.blobId)).toEqual([blobId]);
});
