import { hash } from 'node:crypto';
import { calmPlan } from '@sealgate/testkit';
import { createSeededCluster, holders, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { expect, test, vi } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

/** @param puts made before, so that physical buckets exist; each replaces the one before */
async function set(seed: number, puts = 0) {
  const cluster = await createSeededCluster({ seed, limits: defaultEngineLimits, metadata: {} });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  for (let i = 0; i < puts; i += 1) await putContent(cluster, gateway, bucket);
  return { cluster, bucket, gateway };
}

/** The backends that the next blob goes to when all is well. */
async function firstChoice(...which: Parameters<typeof set>): Promise<string[]> {
  const { cluster, bucket, gateway } = await set(...which);
  await putContent(cluster, gateway, bucket);
  return wantedBlob(cluster).replicas.map((replica) => replica.backend);
}

test('a copy that fails after the acknowledgement is owed, not made elsewhere where no row names it', async () => {
  const [late = ''] = await firstChoice(1);
  const { cluster, bucket, gateway } = await set(1);
  memberOf(cluster, late).faulty.usePlan({ ...calmPlan, rates: { stop: 1 }, stallMs: 5000 });
  await putContent(cluster, gateway, bucket);
  await cluster.clock.advance(10_000);
  const blob = wantedBlob(cluster);
  expect(blob.replicas.find((r) => r.backend === late)?.state).toBe('missing');
  const named = blob.replicas.filter((r) => r.state === 'stored').map((r) => r.backend);
  expect(await holders(cluster, bucket, blob)).toEqual(named.sort());
});

test('what a failed put left behind goes when another backend took its place', async () => {
  const [silent = ''] = await firstChoice(2, 9);
  const { cluster, bucket, gateway } = await set(2, 9);
  memberOf(cluster, silent).faulty.usePlan({ ...calmPlan, rates: { 'lose-answer': 1 } });
  await putContent(cluster, gateway, bucket);
  await cluster.clock.advance(1000);
  const blob = wantedBlob(cluster);
  const named: string[] = blob.replicas.map((r) => r.backend);
  expect(
    [...memberOf(cluster, silent).received.keys()].filter((subject) => subject.includes(blob.blobId)),
  ).toHaveLength(1);
  expect(named).not.toContain(silent);
  expect(await holders(cluster, bucket, blob)).toEqual(named.sort());
});

test('a body that is held whole goes to its backends with its own digest', async () => {
  const { cluster, bucket, gateway } = await set(3);
  const puts = cluster.members.map(({ faulty }) => vi.spyOn(faulty, 'put'));
  await putContent(cluster, gateway, bucket);
  const blobs = puts.flatMap(({ mock }) => mock.calls.map(([, , blob]) => blob));
  expect(blobs).toHaveLength(3);
  for (const { sha256 } of blobs) expect(sha256).toEqual(hash('sha256', 'content', 'buffer'));
});
