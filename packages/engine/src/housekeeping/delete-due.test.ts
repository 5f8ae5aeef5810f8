import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import { createSeededCluster, holders, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { expect, test, vi } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const { signal } = new AbortController();

/** A blob that is to go, on three backends of which one is away, and known to be. */
async function doomed() {
  const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: { deletionGraceMs: 0 } });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  await putContent(cluster, gateway, bucket);
  const blob = wantedBlob(cluster);
  await putContent(cluster, gateway, bucket);
  const away = memberOf(cluster, blob.replicas[0]?.backend ?? '');
  const { id } = away.backend;
  away.faulty.setDown(true);
  while (gateway.pool.all().find((each) => each.id === id)?.state !== 'unhealthy') {
    gateway.pool.report(id, { kind: 'failed', code: 'BackendUnreachable' });
  }
  const finished = vi.spyOn(cluster.metadata, 'finishDeletion');
  const round = async () => {
    await cluster.clock.advance(defaultEngineLimits.deletionLeaseMs);
    await cluster.clock.run(gateway.engine.deleteDue({ signal }));
  };
  const names = await cluster.metadata.physicalBuckets(bucket.id);
  const name = (id: BackendId): PhysicalBucketName => {
    const found = names.get(id);
    if (found === undefined) throw new Error('There is no bucket.');
    return found;
  };
  const there = () => holders(cluster, bucket, blob);
  return { gateway, away, blob, metadata: cluster.metadata, name, finished, round, there };
}

test('a backend that is away is not asked, and the blob goes from there when it is back', async () => {
  const { gateway, away, finished, round, there } = await doomed();
  await round();
  await round();
  expect(away.faulty.incidents).toEqual([]);
  // Each change of what is left stands in the log, and only that.
  expect(finished.mock.calls.map(([, gone]) => gone.length)).toEqual([2]);
  away.faulty.setDown(false);
  expect(await there()).toEqual([away.backend.id]);
  await gateway.pool.probe(signal);
  await round();
  expect(await there()).toEqual([]);
  expect(finished.mock.calls.map(([, gone]) => gone.length)).toEqual([2, 1]);
});

test('single copies that are to leave a backend that is away wait for it too', async () => {
  const { gateway, away, blob, metadata, name } = await doomed();
  const { id: backend } = away.backend;
  const place = { backend, bucket: name(backend), blobId: blob.blobId, shard: 0 };
  vi.spyOn(metadata, 'leaseRemovals').mockResolvedValue([place]);
  vi.spyOn(metadata, 'leaseStrays').mockResolvedValue([place]);
  const [removed, swept] = [vi.spyOn(metadata, 'finishRemovals'), vi.spyOn(metadata, 'finishStray')];
  const round = async () => {
    await gateway.engine.removeDue({ signal });
    await gateway.engine.removeStrays({ signal });
    return [removed.mock.calls.flatMap(([gone]) => gone).length, swept.mock.calls.length];
  };
  expect(await round()).toEqual([0, 0]);
  expect(away.faulty.incidents).toEqual([]);
  away.faulty.setDown(false);
  await gateway.pool.probe(signal);
  expect(await round()).toEqual([1, 1]);
});
