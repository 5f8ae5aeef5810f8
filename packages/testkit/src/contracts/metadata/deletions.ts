import { describe, expect, it } from 'vitest';
import { actor, physicalName, replicas, type World } from './context.ts';

export function describeDeletions(world: World): void {
  const metadata = () => world.metadata();

  describe('the deletion queue', () => {
    it('names every place with its physical bucket, until it is reported gone', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const backends = await world.backends();
      await metadata().commitVersion(request);
      await world.remove(bucket, 'key');
      const own = async () => (await metadata().leaseDeletions(10_000, 0)).find((d) => d.blobId === request.blobId);
      const places = backends.map(({ id }) => ({ backend: id, shard: 0, bucket: physicalName(bucket, id) }));
      expect((await own())?.replicas).toEqual(places);
      await metadata().finishDeletion(request.blobId, places.slice(0, 2));
      expect((await own())?.replicas).toEqual(places.slice(2));
      await metadata().finishDeletion(request.blobId, places.slice(2));
      expect(await own()).toBeUndefined();
      expect(await metadata().blobForRepair(request.blobId)).toBeUndefined();
      await metadata().finishDeletion(request.blobId, places);
    });

    it('keeps a lease to itself for its time', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      await world.remove(bucket, 'key');
      const first = await metadata().leaseDeletions(10_000, 60_000);
      expect(first.map((deletion) => deletion.blobId)).toContain(request.blobId);
      expect((await world.due()).has(request.blobId)).toBe(false);
    });

    it('leases no more than asked for', async () => {
      const bucket = await world.bucket();
      for (const key of ['a', 'b', 'c']) {
        await world.put(bucket, key);
        await world.remove(bucket, key);
      }
      expect(await metadata().leaseDeletions(2, 0)).toHaveLength(2);
    });

    it('never removes what was published after all, whoever gives it up', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      const places = request.replicas.map(({ backend, shard }) => ({ backend, shard }));
      await metadata().enqueueDeletion({ blobId: request.blobId, bucketId: bucket.id, replicas: places });
      expect((await world.due()).has(request.blobId)).toBe(false);
      await metadata().finishDeletion(request.blobId, places);
      expect(await metadata().blobForRepair(request.blobId)).toMatchObject({ blob: { replicas: request.replicas } });
    });

    it('adds up what is reported of one attempt', async () => {
      const bucket = await world.bucket();
      const blobId = world.blobId();
      const [first, second] = await world.backends();
      for (const { id } of [first, second, first]) {
        await metadata().enqueueDeletion({ blobId, bucketId: bucket.id, replicas: [{ backend: id, shard: 0 }] });
      }
      expect((await world.due()).get(blobId)).toBe(2);
    });

    it('forgets places where no physical bucket ever was', async () => {
      const bucket = await world.bucket();
      const elsewhere = await world.backend();
      const blobId = world.blobId();
      await metadata().enqueueDeletion({
        blobId,
        bucketId: bucket.id,
        replicas: [{ backend: elsewhere.id, shard: 0 }],
      });
      expect((await world.due()).has(blobId)).toBe(false);
    });

    it('goes on for a bucket that is deleted', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      await world.remove(bucket, 'key');
      await metadata().deleteBucket(bucket.id, actor);
      expect((await world.due()).get(request.blobId)).toBe(3);
    });

    it('takes late copies of a blob that is to go for unwanted', async () => {
      const bucket = await world.bucket();
      const backends = await world.backends();
      const request = await world.version(bucket, 'key', {
        replicas: replicas(backends, 'stored', 'stored', 'pending'),
      });
      await metadata().commitVersion(request);
      await world.remove(bucket, 'key');
      const late = { backend: backends[2].id, shard: 0, state: 'stored' } as const;
      expect(await metadata().markReplica(request.blobId, late)).toBe(false);
      expect(await metadata().markReplica(world.blobId(), late)).toBe(false);
    });
  });
}
