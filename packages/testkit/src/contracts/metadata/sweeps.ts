import { type BlobId, type PhysicalBucketName, parseObjectKey } from '@sealgate/core/names';
import type { Bucket, Metadata, StrayCopy } from '@sealgate/core/ports';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actor, createWorld, faultOf, type MetadataUnderTest, physicalName, type World } from './context.ts';

export interface SweepsUnderTest extends MetadataUnderTest {
  /** On the same data, to which an attempt is too old to be published a moment after it began. */
  readonly sweeper: Metadata;
  /** Whatever exists is old to the sweeper from now on. */
  readonly age: () => void;
  readonly hold: (reason: string) => Promise<void>;
}

/** What the sweep for orphans promises, above all that nothing goes which somebody names or can still name. */
export function describeSweeps(name: string, factory: () => Promise<SweepsUnderTest>): void {
  describe(`MetadataSweeps contract: ${name}`, () => {
    let subject: SweepsUnderTest;
    const world = createWorld(() => subject);
    beforeAll(async () => {
      subject = await factory();
    });
    afterAll(() => subject.close());
    const scene = createScene(world, () => subject);
    describeOrphans(scene);
    describeStrays(scene);
    describeRaces(scene);
    describePhysicalBuckets(scene);

    it('does nothing while it is held, until an operator lets it go on', async () => {
      const bucket = await world.bucket();
      const orphan = world.blobId();
      subject.age();
      await subject.hold('restored');
      expect(await scene.sweep(bucket, orphan)).toEqual({ held: true, unknown: 0, misplaced: 0 });
      expect(await subject.metadata.sweepHold()).toMatchObject({ reason: 'restored' });
      expect(await subject.metadata.leaseStrays(10, 0)).toEqual([]);
      expect(await subject.metadata.releaseSweepHold(actor)).toBe(true);
      expect(await subject.metadata.releaseSweepHold(actor)).toBe(false);
      expect(await subject.metadata.sweepHold()).toBeUndefined();
      expect(await scene.sweep(bucket, orphan)).toMatchObject({ held: false, unknown: 1 });
    });
  });
}

interface Scene {
  readonly world: World;
  readonly subject: () => SweepsUnderTest;
  /** What a listing of the bucket on its first backend would bring to the sweep. */
  readonly sweep: (bucket: Bucket, blobId: BlobId, changes?: Changes) => ReturnType<Metadata['sweepPage']>;
  /** Strays of one blob that are due. */
  readonly strays: (blobId: BlobId) => Promise<readonly StrayCopy[]>;
}

interface Changes {
  readonly shard?: number;
  readonly settled?: boolean;
  readonly in?: PhysicalBucketName;
  readonly by?: Metadata;
}

function createScene(world: World, subject: () => SweepsUnderTest): Scene {
  return {
    world,
    subject,
    async sweep(bucket, blobId, changes = {}) {
      const { shard = 0, settled = true, by = subject().sweeper } = changes;
      const [{ id: backend }] = await world.backends();
      const copies = [{ blobId, shard, settled }];
      return by.sweepPage({ backend, bucket: changes.in ?? physicalName(bucket, backend), copies, actor });
    },
    async strays(blobId) {
      return (await subject().metadata.leaseStrays(10_000, 0)).filter((stray) => stray.blobId === blobId);
    },
  };
}

function describeOrphans({ world, subject, sweep }: Scene): void {
  describe('blobs that no row knows', () => {
    it('are given up: removed by the deletion queue, and never published', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      subject().age();
      expect(await sweep(bucket, request.blobId)).toEqual({ held: false, unknown: 1, misplaced: 0 });
      expect((await world.due()).get(request.blobId)).toBe(1);
      expect(await faultOf(world.metadata().commitVersion(request))).toBe('Conflict');
      // Found again while it waits for its removal, it is no news.
      expect(await sweep(bucket, request.blobId)).toMatchObject({ unknown: 0, misplaced: 0 });
    });

    it('are left alone while they could still be published', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const findings = await sweep(bucket, request.blobId, { by: world.metadata() });
      expect(findings).toEqual({ held: false, unknown: 0, misplaced: 0 });
      expect(await faultOf(world.metadata().commitVersion(request))).toBe('none');
    });

    it('are left alone in a bucket that is not ours', async () => {
      const bucket = await world.bucket();
      const blobId = world.blobId();
      subject().age();
      const elsewhere = 's3gw-somebody-else' as PhysicalBucketName;
      expect(await sweep(bucket, blobId, { in: elsewhere })).toMatchObject({ unknown: 0 });
      expect((await world.due()).has(blobId)).toBe(false);
    });

    it('are judged by the page: what is named stays', async () => {
      const bucket = await world.bucket();
      const named = await world.version(bucket, 'key');
      await world.metadata().commitVersion(named);
      const [orphan, other] = [world.blobId(), world.blobId()];
      const [{ id: backend }] = await world.backends();
      subject().age();
      const findings = await subject().sweeper.sweepPage({
        backend,
        bucket: physicalName(bucket, backend),
        copies: [orphan, named.blobId, other].map((blobId) => ({ blobId, shard: 0, settled: true })),
        actor,
      });
      expect(findings).toEqual({ held: false, unknown: 2, misplaced: 0 });
      const due = await world.due();
      expect([due.has(orphan), due.has(named.blobId), due.has(other)]).toEqual([true, false, true]);
    });
  });
}

/** A version with copies on the second and third backend only. */
async function elsewhere({ world }: Scene, bucket: Bucket): Promise<BlobId> {
  const [, second, third] = await world.backends();
  const places = [second, third].map(({ id }) => ({ backend: id, shard: 0, state: 'stored' as const }));
  const request = await world.version(bucket, world.unused('key-'), { replicas: places });
  await world.metadata().commitVersion(request);
  return request.blobId;
}

function describeStrays(scene: Scene): void {
  const { world, subject, sweep, strays } = scene;
  describe('copies where no row names them', () => {
    it('are claimed, and are no replica from then on, nor for a while after their removal', async () => {
      const bucket = await world.bucket();
      const blobId = await elsewhere(scene, bucket);
      const [{ id: backend }] = await world.backends();
      const replica = { backend, shard: 0, state: 'stored' as const };
      subject().age();
      expect(await sweep(bucket, blobId)).toEqual({ held: false, unknown: 0, misplaced: 1 });
      expect(await sweep(bucket, blobId)).toMatchObject({ misplaced: 0 });
      expect(await world.metadata().markReplica(blobId, replica)).toBe(false);
      const [stray] = await strays(blobId);
      expect(stray).toEqual({ blobId, backend, shard: 0, bucket: physicalName(bucket, backend) });
      if (stray !== undefined) await world.metadata().finishStray(stray, actor);
      expect(await strays(blobId)).toEqual([]);
      expect(await world.metadata().markReplica(blobId, replica)).toBe(false);
      expect((await world.metadata().blobForRepair(blobId))?.blob.replicas).toHaveLength(2);
      // The tombstone lasts as long as it is told to.
      const vacuum = (keepMs: number) => world.metadata().vacuum({ kind: 'strays', keepMs, limit: 10_000, actor });
      expect(await vacuum(60 * 60_000)).toBe(0);
      // It came back: that is another find.
      expect(await sweep(bucket, blobId)).toMatchObject({ misplaced: 1 });
      if (stray !== undefined) await world.metadata().finishStray(stray, actor);
      expect(await vacuum(-60_000)).toBeGreaterThan(0);
      expect(await world.metadata().markReplica(blobId, replica)).toBe(true);
    });

    it('may be about to be named while they are new', async () => {
      const bucket = await world.bucket();
      const blobId = await elsewhere(scene, bucket);
      const [{ id: backend }] = await world.backends();
      subject().age();
      expect(await sweep(bucket, blobId, { settled: false })).toMatchObject({ misplaced: 0 });
      expect(await world.metadata().markReplica(blobId, { backend, shard: 0, state: 'stored' })).toBe(true);
      expect(await sweep(bucket, blobId)).toMatchObject({ misplaced: 0 });
      expect(await strays(blobId)).toEqual([]);
    });

    it('are those of another shard, and those in the bucket of another one', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await world.metadata().commitVersion(request);
      const other = await world.bucket();
      const [{ id: backend }] = await world.backends();
      subject().age();
      expect(await sweep(bucket, request.blobId)).toMatchObject({ misplaced: 0 });
      expect(await sweep(bucket, request.blobId, { shard: 1 })).toMatchObject({ misplaced: 1 });
      expect(await sweep(other, request.blobId)).toMatchObject({ misplaced: 1 });
      const found = (await strays(request.blobId)).map((stray) => [stray.shard, stray.bucket]);
      expect(found.sort()).toEqual([
        [0, physicalName(other, backend)],
        [1, physicalName(bucket, backend)],
      ]);
      expect((await world.due()).has(request.blobId)).toBe(false);
    });

    it('keeps a lease to itself for its time', async () => {
      const bucket = await world.bucket();
      const blobId = await elsewhere(scene, bucket);
      subject().age();
      await sweep(bucket, blobId);
      const leased = await world.metadata().leaseStrays(10_000, 60_000);
      expect(leased.map((stray) => stray.blobId)).toContain(blobId);
      expect(await strays(blobId)).toEqual([]);
    });
  });
}

/** Calls in an order of their own, at once: the database decides which is first. */
function inOrder<T>(order: readonly number[], calls: readonly (() => Promise<T>)[]): Promise<T>[] {
  const begun = new Map(order.map((index) => [index, calls[index]?.()]));
  return calls.map((_, index) => begun.get(index) ?? Promise.reject(new Error('no such call')));
}

function describeRaces(scene: Scene): void {
  const { world, subject, sweep, strays } = scene;
  const orders = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });

  describe('the sweep against whoever is about to name a copy', () => {
    it('a commit under way: published and kept, or refused and removed', async () => {
      const bucket = await world.bucket();
      await fc.assert(
        fc.asyncProperty(orders, async (order) => {
          const request = await world.version(bucket, world.unused('raced-'));
          subject().age();
          const [commit, ...sweeps] = inOrder<unknown>(order, [
            () => faultOf(world.metadata().commitVersion(request)),
            () => sweep(bucket, request.blobId),
            () => sweep(bucket, request.blobId),
          ]);
          const outcome = await commit;
          const findings = (await Promise.all(sweeps)) as { unknown: number; misplaced: number }[];
          const claimed = findings.reduce((sum, each) => sum + each.unknown, 0);
          expect([outcome, claimed]).toEqual(outcome === 'none' ? ['none', 0] : ['Conflict', 1]);
          expect((await world.due()).has(request.blobId)).toBe(outcome !== 'none');
        }),
        { numRuns: 40 },
      );
    });

    it('a repair or a late copy: a replica and kept, or refused and removed', async () => {
      const bucket = await world.bucket();
      const [{ id: backend }] = await world.backends();
      const replica = { backend, shard: 0, state: 'stored' as const };
      await fc.assert(
        fc.asyncProperty(orders, async (order) => {
          const blobId = await elsewhere(scene, bucket);
          subject().age();
          const [mark, ...sweeps] = inOrder<unknown>(order, [
            () => world.metadata().markReplica(blobId, replica),
            () => sweep(bucket, blobId),
            () => sweep(bucket, blobId),
          ]);
          const marked = await mark;
          await Promise.all(sweeps);
          const named = (await world.metadata().blobForRepair(blobId))?.blob.replicas.some(
            (r) => r.backend === backend,
          );
          expect(named).toBe(marked);
          expect((await strays(blobId)).length).toBe(marked === true ? 0 : 1);
        }),
        { numRuns: 40 },
      );
    });
  });
}

function describePhysicalBuckets({ world, subject }: Scene): void {
  describe('physical buckets', () => {
    it('stay while a client may put something there by an open plan, and until that is removed', async () => {
      const { id: backend } = await world.backend();
      const name = world.unused('s3gw-planned-') as PhysicalBucketName;
      const metadata = world.metadata();
      const { sweeper } = subject();
      const bucket = await world.bucket();
      await metadata.recordPhysicalBucket({ bucketId: bucket.id, backend, name, counter: 0 });
      const blobId = world.blobId();
      const place = { blobId, bucketId: bucket.id, key: parseObjectKey('planned'), backends: [backend] };
      const body = { bytes: 1, md5: null, sha256: null, tags: null, redundancyClass: 'StandardClass' };
      await metadata.createWritePlan({ ...place, ...body, lifetimeMs: 3_600_000, openMax: 10 }, actor);
      await metadata.deleteBucket(bucket.id, actor);
      subject().age();
      const left = async () => [
        (await sweeper.nextPhysicalBucket(backend, ''))?.abandoned,
        await sweeper.forgetPhysicalBucket(backend, name, actor),
      ];
      expect(await left()).toEqual([false, false]);
      await metadata.endWritePlan(bucket.id, blobId, actor);
      expect(await left()).toEqual([false, false]);
      while ((await metadata.expireWritePlans(100)) > 0);
      expect(await left()).toEqual([false, false]);
      await metadata.finishDeletion(blobId, [{ backend, shard: 0 }]);
      expect(await left()).toEqual([true, true]);
    });

    it('come by name, and are forgotten once every bucket they were for is long gone', async () => {
      const { id: backend } = await world.backend();
      const name = world.unused('s3gw-shared-') as PhysicalBucketName;
      const metadata = world.metadata();
      const { sweeper } = subject();
      const [first, second] = [await world.bucket(), await world.bucket()];
      const later = `${name}-x` as PhysicalBucketName;
      await metadata.recordPhysicalBucket({ bucketId: first.id, backend, name, counter: 0 });
      await metadata.recordPhysicalBucket({ bucketId: second.id, backend, name: later, counter: 0 });
      expect(await sweeper.nextPhysicalBucket(backend, '')).toEqual({ name, abandoned: false });
      expect(await sweeper.nextPhysicalBucket(backend, name)).toEqual({ name: later, abandoned: false });
      expect(await sweeper.nextPhysicalBucket(backend, later)).toBeUndefined();

      const version = await world.version(first, 'key');
      await metadata.commitVersion(version);
      await world.remove(first, 'key');
      await metadata.deleteBucket(first.id, actor);
      subject().age();
      // Its bytes are still to be removed.
      expect(await sweeper.nextPhysicalBucket(backend, '')).toEqual({ name, abandoned: false });
      expect(await sweeper.forgetPhysicalBucket(backend, name, actor)).toBe(false);
      await metadata.finishDeletion(version.blobId, version.replicas);
      // To others it has not been gone for long.
      expect(await metadata.nextPhysicalBucket(backend, '')).toEqual({ name, abandoned: false });
      expect(await sweeper.nextPhysicalBucket(backend, '')).toEqual({ name, abandoned: true });

      // Made again: the same name serves another bucket.
      const again = await world.bucket();
      await metadata.recordPhysicalBucket({ bucketId: again.id, backend, name, counter: 0 });
      expect(await sweeper.nextPhysicalBucket(backend, '')).toEqual({ name, abandoned: false });
      expect(await sweeper.forgetPhysicalBucket(backend, name, actor)).toBe(true);
      expect((await metadata.physicalBuckets(first.id)).has(backend)).toBe(false);
      expect((await metadata.physicalBuckets(again.id)).get(backend)).toBe(name);
    });

    it('keep their deleted bucket from being forgotten, and nothing else does for long', async () => {
      const { metadata, sweeper } = subject();
      const bucket = await world.bucket();
      const version = await world.version(bucket, 'key');
      await metadata.commitVersion(version);
      await world.remove(bucket, 'key');
      await metadata.deleteBucket(bucket.id, actor);
      subject().age();
      const forget = (keepMs = -60_000) => sweeper.vacuum({ kind: 'buckets', keepMs, limit: 100, actor });
      expect(await forget()).toBe(0);
      await metadata.finishDeletion(version.blobId, version.replicas);
      for (const { id } of await world.backends()) {
        expect(await forget()).toBe(0);
        await sweeper.forgetPhysicalBucket(id, physicalName(bucket, id), actor);
      }
      expect(await forget(60 * 60_000)).toBe(0);
      expect(await forget()).toBe(1);
      expect(await forget()).toBe(0);
    });
  });
}
