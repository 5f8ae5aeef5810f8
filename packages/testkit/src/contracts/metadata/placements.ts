import type { BackendId, BlobId } from '@sealgate/core/names';
import {
  type Bucket,
  PLAIN_ATTRIBUTES,
  type ReplicaRecord,
  type ReplicaState,
  type WalkedBlob,
} from '@sealgate/core/ports';
import { beforeEach, describe, expect, it } from 'vitest';
import { actor, physicalName, type World } from './context.ts';

interface Scene {
  readonly bucket: Bucket;
  readonly blobId: BlobId;
  readonly ids: readonly [BackendId, BackendId, BackendId, BackendId];
  /** The same places in other states; `null`: none. */
  readonly states: (...states: readonly (ReplicaState | null)[]) => ReplicaRecord[];
}

export function describePlacements(world: World): void {
  const metadata = () => world.metadata();

  /** A blob on three backends, and a fourth one that has a physical bucket too. */
  async function scene(...states: readonly (ReplicaState | null)[]): Promise<Scene> {
    const bucket = await world.bucket();
    const [a, b, c] = await world.backends();
    const { id } = await world.backend();
    await metadata().recordPhysicalBucket({
      bucketId: bucket.id,
      backend: id,
      name: physicalName(bucket, id),
      counter: 0,
    });
    const ids = [a.id, b.id, c.id, id] as const;
    const of = (...wanted: readonly (ReplicaState | null)[]): ReplicaRecord[] =>
      wanted.flatMap((state, index) => {
        const backend = ids[index];
        return state === null || backend === undefined ? [] : [{ backend, shard: 0, state }];
      });
    const request = await world.version(bucket, 'key', { replicas: of(...states) });
    await metadata().commitVersion(request);
    return { bucket, blobId: request.blobId, ids, states: of };
  }

  const replicasOf = async (blobId: BlobId) => (await metadata().blobForRepair(blobId))?.blob.replicas;
  const change = async (blobId: BlobId, expected: readonly ReplicaRecord[], next: readonly ReplicaRecord[]) =>
    (await metadata().changeReplicas([{ blobId, expected, next }], actor))[0];
  const leased = async (blobId: BlobId, leaseMs = 60_000) =>
    (await metadata().leaseRemovals(1000, leaseMs)).filter((removal) => removal.blobId === blobId);
  const jobs = async () => (await world.repairs.take()).map((job) => job.blobId);

  describe('changes of placement', () => {
    beforeEach(() => world.repairs.begin());

    it('owe a copy to a further place, with its job, and let one leave', async () => {
      const { blobId, states } = await scene('stored', 'stored', 'stored');
      const next = states('stored', 'stored', 'leaving', 'missing');
      expect(await change(blobId, states('stored', 'stored', 'stored'), next)).toBe('done');
      expect(await replicasOf(blobId)).toEqual(next);
      expect(await jobs()).toEqual([blobId]);
    });

    it('happen only if the replicas are as expected', async () => {
      const { blobId, ids, states } = await scene('stored', 'stored', 'stored');
      await metadata().reportBadReplica(blobId, ids[0], 0);
      const next = states('stored', 'stored', 'leaving', 'missing');
      expect(await change(blobId, states('stored', 'stored', 'stored'), next)).toBe('changed');
      expect(await replicasOf(blobId)).toEqual(states('missing', 'stored', 'stored'));
      expect(await change(world.blobId(), [], [])).toBe('changed');
    });

    it('are judged one by one, and answered in the order of the question', async () => {
      const [first, second] = [await scene('stored', 'stored', 'stored'), await scene('stored', 'stored', 'stored')];
      const of = (each: Scene, expected: ReplicaState) => ({
        blobId: each.blobId,
        expected: each.states(expected, 'stored', 'stored'),
        next: each.states('leaving', 'stored', 'stored', 'missing'),
      });
      const outcomes = await metadata().changeReplicas([of(second, 'missing'), of(first, 'stored')], actor);
      expect(outcomes).toEqual(['changed', 'done']);
    });

    it('never forget a copy, call one stored, or take one from its writer', async () => {
      const { blobId, states } = await scene('stored', 'stored', 'pending');
      const now = states('stored', 'stored', 'pending');
      expect(await change(blobId, now, states('stored', 'stored'))).toBe('refused');
      expect(await change(blobId, now, states('stored', 'stored', 'stored'))).toBe('refused');
      expect(await change(blobId, now, states('stored', 'stored', 'leaving', 'missing'))).toBe('refused');
      expect(await change(blobId, now, states('stored', 'stored', 'pending', 'leaving'))).toBe('refused');
      expect(await replicasOf(blobId)).toEqual(now);
    });

    it('do nothing to a blob that is to go', async () => {
      const { blobId, bucket, states } = await scene('stored', 'stored', 'stored');
      await world.remove(bucket, 'key');
      const next = states('stored', 'stored', 'leaving', 'missing');
      expect(await change(blobId, states('stored', 'stored', 'stored'), next)).toBe('changed');
      expect(await leased(blobId)).toEqual([]);
    });
  });

  describe('a copy that leaves', () => {
    async function leaving(): Promise<Scene> {
      const made = await scene('stored', 'stored', 'stored');
      const { blobId, states } = made;
      await change(blobId, states('stored', 'stored', 'stored'), states('stored', 'stored', 'leaving', 'missing'));
      return made;
    }
    const restored = ({ blobId, ids }: Scene) => world.repairs.restore([{ blobId, backend: ids[3], shard: 0 }]);
    const gone = async (made: Scene) => {
      const due = await leased(made.blobId);
      await metadata().finishRemovals(due);
      return due.map(({ backend }) => backend);
    };

    it('stays until the one that takes its place is stored; then it may go, and its row forgets it', async () => {
      const made = await leaving();
      const { blobId, bucket, ids, states } = made;
      expect(await leased(blobId)).toEqual([]);
      expect(await restored(made)).toEqual(['wanted']);
      const place = { blobId, backend: ids[2], shard: 0, bucket: physicalName(bucket, ids[2]) };
      expect(await leased(blobId)).toEqual([place]);
      expect(await leased(blobId), 'leased').toEqual([]);
      await metadata().finishRemovals([place]);
      expect(await replicasOf(blobId)).toEqual(states('stored', 'stored', null, 'stored'));
      expect(await leased(blobId)).toEqual([]);
    });

    it('stays when another one was lost meanwhile, and goes when that one is back', async () => {
      const made = await leaving();
      const { blobId, ids } = made;
      await restored(made);
      await metadata().reportBadReplica(blobId, ids[0], 0);
      expect(await leased(blobId)).toEqual([]);
      await world.repairs.restore([{ blobId, backend: ids[0], shard: 0 }]);
      expect(await gone(made)).toEqual([ids[2]]);
    });

    it('is leased again when its lease runs out', async () => {
      const made = await leaving();
      await restored(made);
      expect(await leased(made.blobId, 0)).toHaveLength(1);
      expect(await leased(made.blobId)).toHaveLength(1);
    });

    it('may be wanted again until its removal begins: as missing, since nobody verified it', async () => {
      const made = await leaving();
      const { blobId, states } = made;
      const now = states('stored', 'stored', 'leaving', 'missing');
      const back = states('stored', 'stored', 'stored', 'missing');
      expect(await change(blobId, now, back)).toBe('refused');
      expect(await change(blobId, now, states('stored', 'stored', 'missing', 'missing'))).toBe('done');
      await restored(made);
      expect(await leased(blobId)).toEqual([]);
    });

    it('bars its place from the removal on', async () => {
      const made = await leaving();
      const { blobId, ids, states } = made;
      await restored(made);
      const due = await leased(blobId);
      const now = states('stored', 'stored', 'leaving', 'stored');
      expect(await change(blobId, now, states('stored', 'stored', 'missing', 'stored'))).toBe('barred');
      await metadata().finishRemovals(due);
      const after = states('stored', 'stored', null, 'stored');
      const again = [...after, { backend: ids[2], shard: 0, state: 'missing' as const }];
      expect(await change(blobId, after, again)).toBe('barred');
      expect(await metadata().markReplica(blobId, { backend: ids[2], shard: 0, state: 'stored' })).toBe(false);
    });

    it('takes no repair and no late writer any more, and no news of it counts', async () => {
      const { blobId, ids, states } = await leaving();
      expect(await world.repairs.restore([{ blobId, backend: ids[2], shard: 0 }])).toEqual(['unwanted']);
      expect(await metadata().markReplica(blobId, { backend: ids[2], shard: 0, state: 'stored' })).toBe(false);
      await metadata().reportBadReplica(blobId, ids[2], 0);
      expect(await replicasOf(blobId)).toEqual(states('stored', 'stored', 'leaving', 'missing'));
    });

    it('goes with its blob when that goes first', async () => {
      const made = await leaving();
      await restored(made);
      await world.remove(made.bucket, 'key');
      expect(await leased(made.blobId)).toEqual([]);
      expect((await world.due()).get(made.blobId)).toBe(4);
    });

    it('given up by name is removed only where no row names it', async () => {
      const { blobId, bucket, ids } = await scene('stored', 'stored', 'stored');
      const replicas = ids.map((backend) => ({ backend, shard: 0 }));
      await metadata().enqueueDeletion({ blobId, bucketId: bucket.id, replicas });
      const due = await leased(blobId);
      expect(due.map(({ backend }) => backend)).toEqual([ids[3]]);
      await metadata().finishRemovals(due);
      expect((await replicasOf(blobId))?.length).toBe(3);
    });
  });

  describe('a restored copy', () => {
    it('is stored where it was owed, and unwanted where no row names it', async () => {
      const { blobId, ids, states } = await scene('stored', 'missing', 'stored');
      const places = [ids[1], ids[3]].map((backend) => ({ blobId, backend, shard: 0 }));
      expect(await world.repairs.restore(places)).toEqual(['wanted', 'unwanted']);
      expect(await replicasOf(blobId)).toEqual(states('stored', 'stored', 'stored'));
    });

    it('hears of the retention of its version', async () => {
      const bucket = await world.bucket('off', { objectLock: true });
      const [a, b, c] = await world.backends();
      const retention = { mode: 'GOVERNANCE', untilMs: world.now() + 3_600_000 } as const;
      const request = await world.version(bucket, 'kept', {
        attributes: { ...PLAIN_ATTRIBUTES, retention },
        replicas: [a, b, c].map(({ id }, i) => ({ backend: id, shard: 0, state: i === 2 ? 'missing' : 'stored' })),
      });
      await metadata().commitVersion(request);
      const pushes = async () =>
        (await metadata().leaseLockPushes(1000, 0)).filter((push) => push.bucketId === bucket.id);
      for (const push of await pushes()) await metadata().finishLockPush(push);
      expect(await pushes()).toEqual([]);
      await world.repairs.restore([{ blobId: request.blobId, backend: c.id, shard: 0 }]);
      expect(await pushes()).toMatchObject([{ key: 'kept', untilMs: retention.untilMs }]);
    });
  });

  describe('jobs that are not there', () => {
    beforeEach(() => world.repairs.begin());

    it('are made for what misses copies, and for nothing else', async () => {
      const [broken, whole] = [await scene('stored', 'stored', 'missing'), await scene('stored', 'stored', 'stored')];
      expect(await metadata().askForRepairs([broken.blobId, whole.blobId, world.blobId()])).toBe(0);
      await world.repairs.restore([{ blobId: broken.blobId, backend: broken.ids[2], shard: 0 }]);
      for (const lease of await world.repairs.take()) await world.repairs.done(lease);
      expect(await metadata().askForRepairs([broken.blobId])).toBe(0);
      expect(await jobs()).toEqual([]);
    });

    it('that wait for a backend are due when it is back', async () => {
      const { ids } = await scene('stored', 'stored', null, 'missing');
      await world.repairs.putOff();
      expect(await jobs()).toEqual([]);
      expect(await metadata().hurryRepairs((await world.backend()).id)).toBe(0);
      expect(await metadata().hurryRepairs(ids[3])).toBe(1);
      expect(await jobs()).toHaveLength(1);
    });
  });

  describe('a copy that its backend has no room for', () => {
    const walked = async (blobId: BlobId) =>
      (await metadata().walkBlobs(null, 10_000)).find(({ blob }) => blob.blobId === blobId)?.noRoom;
    const refuse = async (blobId: BlobId, ...noRoom: readonly BackendId[]) => {
      const [lease, ...others] = (await world.repairs.take()).filter((job) => job.blobId === blobId);
      if (lease === undefined || others.length > 0) throw new Error('There is not one job.');
      await world.repairs.fail(lease, 'BackendFull', noRoom);
    };
    beforeEach(() => world.repairs.begin());

    it('is known to the walk, with all that refused it, until its repair is over', async () => {
      const { blobId, ids, states } = await scene('stored', 'stored', 'missing');
      expect(await walked(blobId)).toEqual([]);
      await refuse(blobId, ids[2]);
      expect(await walked(blobId)).toEqual([ids[2]]);
      expect(await jobs()).toEqual([]);
      const owed = states('stored', 'stored', 'leaving', 'missing');
      expect(await change(blobId, states('stored', 'stored', 'missing'), owed)).toBe('done');
      await refuse(blobId, ids[3]);
      expect(new Set(await walked(blobId))).toEqual(new Set([ids[2], ids[3]]));
      await metadata().hurryRepairs(ids[3]);
      await world.repairs.restore([{ blobId, backend: ids[3], shard: 0 }]);
      expect(await walked(blobId)).toEqual([]);
    });

    it('is tried at once where it is owed anew, however long its repair was to wait', async () => {
      const { blobId, states } = await scene('stored', 'stored', 'missing');
      await world.repairs.putOff();
      const now = states('stored', 'stored', 'missing');
      expect(await change(blobId, now, states('stored', 'stored', 'missing'))).toBe('done');
      expect(await jobs()).toEqual([]);
      expect(await change(blobId, now, states('stored', 'stored', 'leaving', 'missing'))).toBe('done');
      expect(await jobs()).toEqual([blobId]);
    });

    it('makes the epoch of placements grow; another failure does not', async () => {
      const { blobId, ids } = await scene('stored', 'stored', 'missing');
      const before = await metadata().placementEpoch();
      await refuse(blobId);
      expect(await metadata().placementEpoch()).toBe(before);
      await metadata().hurryRepairs(ids[2]);
      await refuse(blobId, ids[2]);
      expect(await metadata().placementEpoch()).toBeGreaterThan(before);
    });
  });

  describe('a walk over blobs', () => {
    it('meets each by id, with what it was written under, doomed ones too', async () => {
      const bucket = await world.bucket();
      const wishes = { tags: { residency: 'FI DE', other: 'x' } };
      const requests = [await world.version(bucket, 'a', wishes), await world.version(bucket, 'b')];
      for (const request of requests) await metadata().commitVersion(request);
      const uploadId = await world.beginUpload(bucket, 'c', { tags: { residency: 'FI' } });
      const part = await world.putPart(bucket, 'c', uploadId, 1);
      await world.remove(bucket, 'b');
      const met: WalkedBlob[] = [];
      let after: BlobId | null = null;
      for (;;) {
        const page = await metadata().walkBlobs(after, 2);
        met.push(...page);
        const last = page.at(-1);
        if (last === undefined) break;
        expect(last.blob.blobId > (after ?? '')).toBe(true);
        after = last.blob.blobId;
      }
      const own = (id: BlobId | undefined) => met.find(({ blob }) => blob.blobId === id);
      const facts = { bucketId: bucket.id, redundancyClass: 'StandardClass' };
      expect(own(requests[0]?.blobId)).toMatchObject({ ...facts, residency: 'FI DE', doomed: false });
      expect(own(requests[1]?.blobId)).toMatchObject({ ...facts, residency: null, doomed: true });
      expect(own(part.blobId)).toMatchObject({ ...facts, residency: 'FI', doomed: false });
      for (const blobId of [requests[0]?.blobId, part.blobId]) {
        const repair = blobId === undefined ? undefined : await metadata().blobForRepair(blobId);
        expect(repair?.residency).toBe(own(blobId)?.residency);
      }
      expect(own(requests[0]?.blobId)?.blob).toMatchObject({ replicas: requests[0]?.replicas, digests: null });
    });
  });

  describe('the epoch of placements', () => {
    it('grows with whatever may make a placement wrong, and with nothing else', async () => {
      const backend = await world.backend();
      const bucket = await world.bucket();
      const grows = async (work: () => Promise<unknown>) => {
        const before = await metadata().placementEpoch();
        await work();
        return (await metadata().placementEpoch()) > before;
      };
      const drain = { from: ['healthy'], to: 'draining', reason: '' } as const;
      const policy = world.unused('policy-');
      expect(await grows(() => metadata().updateBackend(backend.id, { country: 'US' }, actor))).toBe(true);
      const prices = { currency: 'EUR', storagePerGbMonth: 1, egressPerGb: null, per1000Requests: null };
      expect(await grows(() => metadata().updateBackend(backend.id, { prices }, actor))).toBe(true);
      expect(await grows(() => metadata().setBackendState(backend.id, drain, actor))).toBe(true);
      expect(await grows(() => metadata().recordProbe(backend.id, { objectLock: true }, world.now(), actor))).toBe(
        true,
      );
      expect(await grows(() => world.backend())).toBe(true);
      expect(await grows(() => metadata().putPolicy(policy, 'x: 1', actor))).toBe(true);
      expect(await grows(() => metadata().updateBucket(bucket.id, { regionLock: ['EU'] }, actor))).toBe(true);
      expect(await grows(() => metadata().updateTenant(bucket.tenantId, { policyName: policy }, actor))).toBe(true);
      expect(await grows(() => world.put(bucket, 'key'))).toBe(false);
      expect(await grows(() => metadata().updateTenant(bucket.tenantId, { displayName: 'x' }, actor))).toBe(false);
    });
  });

  describe('the facts of a backend', () => {
    it('change as told; what is not told stays', async () => {
      const backend = await world.backend({ sla: 'gold' });
      const told = { country: 'DE', certificates: ['C5'], weight: 7 };
      expect(await metadata().updateBackend(backend.id, told, actor)).toMatchObject({
        ...told,
        sla: 'gold',
        region: 'north',
      });
      expect(await metadata().updateBackend(backend.id, { sla: null }, actor)).toMatchObject({ ...told, sla: null });
      expect((await metadata().listBackends()).find(({ id }) => id === backend.id)).toMatchObject({
        ...told,
        sla: null,
      });
    });
  });
}
