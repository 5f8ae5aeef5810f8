import { hash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { parseObjectKey } from '@sealgate/core/names';
import { PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { calmPlan } from '@sealgate/testkit';
import { bodyOf, createSeededCluster, holders, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
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

test.each(['none', 'checksum'] as const)(
  'a backend that answers before it had all bytes (%s) counts for nothing, and spoils nothing',
  async (verified) => {
    const { cluster, bucket, gateway } = await set(4);
    const content = Buffer.alloc(3_000_000, 'content');
    const [hasty] = cluster.members;
    if (hasty === undefined) throw new Error('There is no backend.');
    const early: string[] = [];
    for (const { backend, faulty } of cluster.members) {
      const put = faulty.put.bind(faulty);
      vi.spyOn(faulty, 'put').mockImplementation(async (name, key, blob) => {
        if (early.length > 0 || !(blob.body instanceof Readable)) return await put(name, key, blob);
        early.push(backend.id);
        // The first chunk, as a server that answers at once takes it.
        await once(blob.body, 'readable');
        blob.body.read();
        blob.body.destroy();
        return { verified };
      });
    }
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < content.length; at += 100_000) {
        yield await new Promise<Buffer>((resolve) => void setImmediate(resolve, content.subarray(at, at + 100_000)));
      }
    }
    const put = gateway.engine.putObject({
      ...{ bucket, key: parseObjectKey('key'), headers: {}, tags: null, attributes: PLAIN_ATTRIBUTES },
      ...{ requestedClass: undefined, preconditions: {}, actor: { kind: 'tenant', id: 't', requestId: 't' } },
      body: { ...bodyOf(content), chunks: chunks() },
      signal: new AbortController().signal,
    });
    await cluster.clock.run(put);
    const blob = wantedBlob(cluster);
    expect(early).toHaveLength(1);
    expect(blob.replicas.find(({ backend }) => backend === early[0])?.state).toBe('missing');
    const version = await cluster.metadata.currentVersion(bucket.id, parseObjectKey('key'));
    if (version === undefined) throw new Error('There is no version.');
    const read = gateway.engine.readObject(version, { signal: new AbortController().signal });
    expect(Buffer.concat(await cluster.clock.run(Readable.from(read).toArray())).equals(content)).toBe(true);
  },
);
