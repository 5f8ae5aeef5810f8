import type { BlobId } from '@sealgate/core/names';
import { beforeEach, describe, expect, it } from 'vitest';
import { replicas, type World } from './context.ts';

export function describeRepairs(world: World): void {
  const metadata = () => world.metadata();
  const take = async () => (await world.repairs.take()).map((job) => job.blobId);

  describe('repairs', () => {
    beforeEach(() => world.repairs.begin());

    async function putWith(
      ...states: Parameters<typeof replicas> extends [unknown, ...infer States] ? States : never
    ): Promise<BlobId> {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key', { replicas: replicas(await world.backends(), ...states) });
      await metadata().commitVersion(request);
      return request.blobId;
    }

    it('makes no job for a version that is complete', async () => {
      const blobId = await putWith('stored', 'stored', 'stored');
      expect(await take()).not.toContain(blobId);
    });

    it('makes a job with the version for a copy that is missing, and one only', async () => {
      const blobId = await putWith('stored', 'missing', 'missing');
      expect(await take()).toEqual([blobId]);
      expect(await take()).toEqual([]);
      const found = await metadata().blobForRepair(blobId);
      expect(found).toMatchObject({ redundancyClass: 'StandardClass', blob: { blobId, bytes: 1000 } });
      expect(found?.blob.replicas.map((replica) => replica.state)).toEqual(['stored', 'missing', 'missing']);
    });

    it('makes one for a copy that never comes, none for one that comes late', async () => {
      const [comes, stays] = [
        await putWith('stored', 'stored', 'pending'),
        await putWith('stored', 'stored', 'pending'),
      ];
      const backends = await world.backends();
      expect(await metadata().markReplica(comes, { backend: backends[2].id, shard: 0, state: 'stored' })).toBe(true);
      expect(await take()).toEqual([stays]);
      expect((await metadata().blobForRepair(comes))?.blob.replicas[2]?.state).toBe('stored');
      expect((await metadata().blobForRepair(stays))?.blob.replicas[2]?.state).toBe('missing');
    });

    it('takes the nearest to loss first', async () => {
      const two = await putWith('stored', 'stored', 'missing');
      const one = await putWith('stored', 'missing', 'missing');
      const erasure = await world.version(await world.bucket(), 'key', {
        layout: { kind: 'erasure', k: 2, m: 1, stripeBytes: 262_144 },
        replicas: (await world.backends()).map(({ id }, shard) => ({
          backend: id,
          shard,
          state: shard === 2 ? 'missing' : 'stored',
        })),
      });
      await metadata().commitVersion(erasure);
      const order = await take();
      expect(order.slice(0, 2).sort()).toEqual([one, erasure.blobId].sort());
      expect(order[2]).toBe(two);
    });

    it('adds the copy that a stand-in took', async () => {
      const blobId = await putWith('stored', 'stored', 'missing');
      const standIn = await world.backend();
      expect(await metadata().markReplica(blobId, { backend: standIn.id, shard: 0, state: 'stored' })).toBe(true);
      expect((await metadata().blobForRepair(blobId))?.blob.replicas).toHaveLength(4);
    });

    it('a reader reports a bad copy; a copy nobody knows is no news', async () => {
      const blobId = await putWith('stored', 'stored', 'stored');
      const [first] = await world.backends();
      await metadata().reportBadReplica(blobId, (await world.backend()).id, 0);
      expect(await take()).toEqual([]);
      await metadata().reportBadReplica(blobId, first.id, 0);
      expect((await metadata().blobForRepair(blobId))?.blob.replicas[0]?.state).toBe('missing');
      expect(await take()).toEqual([blobId]);
    });

    it('forgets the job of a blob that is to go', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key', {
        replicas: replicas(await world.backends(), 'stored', 'missing', 'missing'),
      });
      await metadata().commitVersion(request);
      await world.remove(bucket, 'key');
      expect(await metadata().blobForRepair(request.blobId)).toBeUndefined();
    });

    it('a job that failed waits, and one that is done is over', async () => {
      const blobId = await putWith('stored', 'stored', 'missing');
      const [job] = await world.repairs.take();
      if (job === undefined) throw new Error('a job');
      await world.repairs.fail(job, 'the backend is down');
      expect(await take()).toEqual([]);
      const other = await putWith('stored', 'stored', 'missing');
      const [second] = await world.repairs.take();
      expect(second?.blobId).toBe(other);
      const backends = await world.backends();
      await metadata().markReplica(other, { backend: backends[2].id, shard: 0, state: 'stored' });
      if (second !== undefined) await world.repairs.done(second);
      await metadata().reportBadReplica(other, backends[0].id, 0);
      expect(await take()).toEqual([other]);
      expect(blobId).not.toBe(other);
    });

    it('keeps the pieces of an erasure layout apart by shard', async () => {
      const backends = await world.backends();
      const layout = { kind: 'erasure', k: 2, m: 1, stripeBytes: 262_144 } as const;
      const places = backends.map(({ id }, shard) => ({ backend: id, shard, state: 'stored' as const }));
      const request = await world.version(await world.bucket(), 'key', { layout, replicas: places });
      await metadata().commitVersion(request);
      expect((await metadata().blobForRepair(request.blobId))?.blob).toMatchObject({ layout, replicas: places });
    });
  });
}
