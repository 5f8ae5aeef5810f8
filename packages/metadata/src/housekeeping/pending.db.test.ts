import type { Metadata } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

/** The contract suite waits for nothing; here copies have a time to come in, so late ones are found by the walk. */
const PENDING_MS = 400;
/** Far more than the tests take: nothing is late by itself. */
const PATIENT_MS = 600_000;

describe('copies that do not come in', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  /** For whom copies have no time to come in. */
  let hasty: Metadata;
  const worldOf = (used: () => Metadata) =>
    createMetadataWorld(() => ({ metadata: used(), now: () => Date.now(), close: () => Promise.resolve() }));
  const world = worldOf(() => metadata);
  beforeAll(async () => {
    database = await suiteDatabase();
    metadata = await openTestMetadata(database.databaseUrl, { pendingGraceMs: PATIENT_MS });
    hasty = await openTestMetadata(database.databaseUrl);
  });
  afterAll(async () => {
    await Promise.all([metadata.close(), hasty.close()]);
    await database.drop();
  });

  it('are found when their time is over, by nothing but the state of the blob', async () => {
    const bucket = await world.bucket();
    const [first, second, third] = (await world.backends()).map(({ id }) => id);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three backends');
    const states = (state: 'stored' | 'pending') => [
      { backend: first, shard: 0, state: 'stored' as const },
      { backend: second, shard: 0, state: 'stored' as const },
      { backend: third, shard: 0, state },
    ];
    const late = await world.version(bucket, 'late', { replicas: states('pending') });
    await metadata.commitVersion(late);
    const comes = await world.version(bucket, 'comes', { replicas: states('pending') });
    await metadata.commitVersion(comes);
    await metadata.markReplica(comes.blobId, { backend: third, shard: 0, state: 'stored' });
    expect(await sql(database.databaseUrl, 'SELECT FROM sealgate.owed')).toEqual([]);

    expect(await world.repairs.take()).toEqual([]);
    const taken = await worldOf(() => hasty).repairs.take();
    expect(taken.map((job) => job.blobId)).toEqual([late.blobId]);
    const found = await metadata.blobForRepair(late.blobId);
    expect(found?.blob.replicas[2]?.state).toBe('missing');
  });

  it('are noted when the attempt began so long ago that the walk has passed', async () => {
    const bucket = await world.bucket();
    const backends = await world.backends();
    const [slow] = [await world.version(bucket, 'slow')];
    const began = slow.blobId.replace(/^.{8}-.{4}/, timePrefix(Date.now() - 60_000)) as typeof slow.blobId;
    const replicas = backends.map(({ id }) => ({ backend: id, shard: 0, state: 'pending' as const }));
    const soon = await openTestMetadata(database.databaseUrl, { pendingGraceMs: PENDING_MS });
    const { repairs } = worldOf(() => soon);
    await repairs.take();
    await soon.commitVersion({ ...slow, blobId: began, replicas });
    const taken: string[] = [];
    while (taken.length === 0) taken.push(...(await repairs.take()).map((job) => job.blobId));
    expect(taken).toEqual([began]);
    await soon.close();
  });
});

function timePrefix(ms: number): string {
  const digits = ms.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
