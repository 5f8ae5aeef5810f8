import { newBlobId, type PhysicalBucketName } from '@sealgate/core/names';
import { createSeededCluster, holders, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { SWEEP_CURSORS } from './sweep-due.ts';
import { readSweepPosition } from './sweep-position.ts';

const { signal } = new AbortController();
const DAY_MS = 24 * 60 * 60_000;
const run = { holder: 'here', intervalMs: DAY_MS, signal };

async function stored() {
  const limits = { ...defaultEngineLimits, sweepPage: 2 };
  const cluster = await createSeededCluster({ seed: 1, limits, metadata: { deletionGraceMs: 0 } });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  await putContent(cluster, gateway, bucket);
  const blob = wantedBlob(cluster);
  const [first] = blob.replicas.map((replica) => memberOf(cluster, replica.backend));
  if (first === undefined) throw new Error('There is no copy.');
  const name = (await cluster.metadata.physicalBuckets(bucket.id)).get(first.backend.id);
  if (name === undefined) throw new Error('There is no physical bucket.');
  const lay = (key: string, where: PhysicalBucketName = name) =>
    cluster.clock.run(first.faulty.put(where, key, { body: Buffer.from('left over'), bytes: 9, signal }));
  const keys = async () => (await first.faulty.list(name, { limit: 100, signal })).blobs.map(({ key }) => key);
  const { engine } = gateway;
  /** Until nothing is left to walk or to remove. */
  const sweep = async () => {
    while ((await cluster.clock.run(engine.sweepDue(run))) > 0);
    while ((await cluster.clock.run(engine.removeStrays({ signal }))) > 0);
    while ((await cluster.clock.run(engine.deleteDue({ signal }))) > 0);
  };
  const position = async () => {
    const all = await cluster.metadata.listCursors(SWEEP_CURSORS + first.backend.id);
    return readSweepPosition(all[0]?.position);
  };
  const old = () => newBlobId(cluster.clock.now() - 2 * DAY_MS);
  return { cluster, bucket, blob, first, name, lay, keys, sweep, position, old, engine };
}

describe('the sweep for orphans', () => {
  test('removes what nothing knows and leaves what is named, young, ours or foreign', async () => {
    const { cluster, blob, first, lay, keys, sweep, position, old } = await stored();
    const young = newBlobId(cluster.clock.now());
    const left = [`b/${young}.0`, 'b/notes.txt', 'm/backup', 'r/manifest', 'stranger'];
    for (const key of left) await lay(key);
    for (let i = 0; i < 5; i += 1) await lay(`b/${old()}.${i}`);
    await sweep();
    expect(await keys()).toEqual([...left, `b/${blob.blobId}.0`].sort());
    const { run: under, last, trouble } = await position();
    expect([under, trouble]).toEqual([null, null]);
    expect(last?.counts).toMatchObject({ keys: 11, unknown: 5, misplaced: 0, foreign: 2, buckets: 1 });
    expect(last?.counts.foreignKeys.map((key) => key.replace(/^[^/]*\//, ''))).toEqual(['b/notes.txt', 'stranger']);
    expect(first.faulty.incidents).toEqual([]);
  });

  test('removes copies where their row has none, once they have been there for a day', async () => {
    const { cluster, bucket, blob, lay, keys, sweep, position } = await stored();
    const stray = `b/${blob.blobId}.7`;
    await lay(stray);
    await cluster.clock.advance(DAY_MS / 2);
    await sweep();
    expect(await keys()).toContain(stray);
    await cluster.clock.advance(DAY_MS);
    await sweep();
    expect(await keys()).toEqual([`b/${blob.blobId}.0`]);
    expect((await position()).last?.counts).toMatchObject({ misplaced: 1, unknown: 0 });
    expect(await holders(cluster, bucket, blob)).toHaveLength(3);
  });

  test('goes on where another process stopped, and is not done twice at once', async () => {
    const { cluster, lay, position, old, engine, keys, sweep } = await stored();
    for (let i = 0; i < 3; i += 1) await lay(`b/${old()}.0`);
    await cluster.clock.run(engine.sweepDue(run));
    await cluster.clock.run(engine.sweepDue(run));
    const under = (await position()).run;
    expect(under).toMatchObject({ counts: { keys: 2 } });
    const other = { ...run, holder: 'there' };
    expect(await cluster.clock.run(engine.sweepDue(other))).toBe(0);
    await cluster.clock.advance(defaultEngineLimits.sweepLeaseMs);
    expect(await cluster.clock.run(engine.sweepDue(other))).toBeGreaterThan(0);
    expect((await position()).run).toMatchObject({ startedMs: under?.startedMs, counts: { keys: 4 } });
    await cluster.clock.advance(defaultEngineLimits.sweepLeaseMs);
    await sweep();
    expect(await keys()).toHaveLength(1);
  });

  test('waits for a backend that is away, and sweeps the others meanwhile', async () => {
    const { cluster, first, lay, keys, sweep, position, old } = await stored();
    await lay(`b/${old()}.0`);
    first.faulty.setDown(true);
    await sweep();
    const cursors = await cluster.metadata.listCursors(SWEEP_CURSORS);
    const done = cursors.filter(({ position: saved }) => readSweepPosition(saved).last !== null);
    expect(done).toHaveLength(cluster.members.length - 1);
    expect((await position()).trouble).toMatchObject({ code: 'BackendUnreachable' });
    first.faulty.setDown(false);
    await sweep();
    expect(await keys()).toHaveLength(2);
    await cluster.clock.advance(defaultEngineLimits.sweepRetryMs);
    await sweep();
    expect(await keys()).toHaveLength(1);
    expect((await position()).trouble).toBeNull();
  });

  test('removes the empty bucket of a deleted one a day later, not one that holds something', async () => {
    const { cluster, bucket, blob, first, name, lay, sweep, position } = await stored();
    const { key } = (await cluster.metadata.listObjects({ ...everything, bucketId: bucket.id })).objects[0] ?? {};
    if (key === undefined) throw new Error('There is no object.');
    await cluster.metadata.deleteObject({ bucketId: bucket.id, key, preconditions: {}, actor });
    await cluster.metadata.deleteBucket(bucket.id, actor);
    await lay('foreign');
    await cluster.clock.advance(2 * DAY_MS);
    await sweep();
    expect(await holders(cluster, bucket, blob)).toEqual([]);
    await cluster.clock.advance(2 * DAY_MS);
    await sweep();
    expect((await position()).last?.counts).toMatchObject({ removedBuckets: 0, foreign: 1 });
    expect([...(await cluster.metadata.physicalBuckets(bucket.id)).keys()]).toEqual([first.backend.id]);
    await cluster.clock.run(first.faulty.delete(name, 'foreign', { signal }));
    await cluster.clock.advance(2 * DAY_MS);
    await sweep();
    expect((await position()).last?.counts).toMatchObject({ removedBuckets: 1 });
    expect((await cluster.metadata.physicalBuckets(bucket.id)).size).toBe(0);
    await expect(lay('again')).rejects.toMatchObject({ code: 'BlobMissing' });
  });

  test('does nothing while it is held', async () => {
    const { cluster, lay, keys, sweep, old, blob } = await stored();
    await lay(`b/${old()}.0`);
    await lay(`b/${blob.blobId}.3`);
    cluster.metadata.holdSweep('restored');
    await cluster.clock.advance(2 * DAY_MS);
    await sweep();
    expect(await keys()).toHaveLength(3);
    await cluster.metadata.releaseSweepHold(actor);
    await sweep();
    expect(await keys()).toHaveLength(1);
  });
});

const everything = { prefix: '', delimiter: '', after: '', limit: 10 } as const;
const actor = { kind: 'system', id: 'test', requestId: '' } as const;
