import type { BackendId, BlobId } from '@sealgate/core/names';
import type { Bucket, Job, NewJob, RepairLease, Worker } from '@sealgate/core/ports';
import { beforeEach, describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

const worker: Worker = { name: 'worker', epoch: 0 };
const kinds = ['repair', 'replicate'] as const;

export function describeJobs(world: World): void {
  const metadata = () => world.metadata();
  const leaseAll = async (changes: Partial<Parameters<ReturnType<typeof metadata>['leaseRepairs']>[0]> = {}) => {
    const all = (await metadata().listBackends()).map(({ id }) => id);
    const able = { writes: all, reads: all };
    return metadata().leaseRepairs({ worker, limit: 100, leaseMs: 60_000, able, kinds, ...changes });
  };
  const lease: typeof leaseAll = async (changes) => world.repairs.own(await leaseAll(changes));

  /** A version with its copies in these states, and a job request for it. */
  async function wanted(target: BackendId, states: Parameters<typeof replicas>[1][] = []) {
    const bucket = await world.bucket('enabled');
    const request = await world.version(bucket, 'key', { replicas: replicas(await world.backends(), ...states) });
    const { seq, versionId } = await metadata().commitVersion(request);
    const job: NewJob = {
      tenantId: bucket.tenantId,
      bucketId: bucket.id,
      key: request.key,
      seq,
      versionId,
      blobs: [request.blobId],
      targets: [target],
      source: null,
      policyClass: 'StandardClass',
      encryptionRequired: false,
      priority: 5,
      clientToken: null,
    };
    return { bucket, job, blobId: request.blobId };
  }
  const replicaOf = async (blobId: BlobId, backend: BackendId) =>
    (await metadata().blobForRepair(blobId))?.blob.replicas.find((r) => r.backend === backend)?.state;
  const only = (leases: readonly RepairLease[], blobId: BlobId): RepairLease => {
    const found = leases.find((one) => one.blobId === blobId);
    if (found === undefined) throw new Error('The job was not given.');
    return found;
  };
  const recordOf = async (id: string): Promise<Job> => {
    const found = await metadata().job(id);
    if (found === undefined) throw new Error('There is no such job.');
    return found;
  };
  async function drain(): Promise<void> {
    for (;;) {
      const leases = await leaseAll({ limit: 1000 });
      if (leases.length === 0) return world.repairs.begin();
      for (const one of leases) {
        const blob = (await metadata().blobForRepair(one.blobId))?.blob;
        for (const replica of blob?.replicas ?? []) {
          if (replica.state === 'missing') await metadata().markLeased(worker, one, { ...replica, state: 'stored' });
        }
        await metadata().endLease(worker, one, { kind: 'done' });
      }
    }
  }

  describe('jobs', () => {
    beforeEach(drain);

    it('owes copies with the job, and is done when every target has them', async () => {
      const target = (await world.backend()).id;
      const { job, blobId } = await wanted(target);
      const { id, created } = await metadata().createJob(job, actor);
      expect(created).toBe(true);
      expect(await replicaOf(blobId, target)).toBe('missing');
      expect(await recordOf(id)).toMatchObject({
        ...{ kind: 'replicate', state: 'waiting', key: 'key', versionId: job.versionId, priority: 5, attempts: 0 },
        ...{ targets: [{ backend: target, stored: 0 }], blobs: 1, policyClass: 'StandardClass', lastError: null },
      });
      const taken = only(await lease(), blobId);
      expect(await recordOf(id)).toMatchObject({ state: 'active', holder: 'worker' });
      expect(await metadata().markLeased(worker, taken, { backend: target, shard: 0, state: 'stored' })).toBe('wanted');
      expect(await metadata().endLease(worker, taken, { kind: 'done' })).toBe(true);
      const done = await recordOf(id);
      expect(done).toMatchObject({
        state: 'done',
        holder: null,
        attempts: 1,
        targets: [{ backend: target, stored: 1 }],
      });
      expect(done.endedAtMs).not.toBeNull();
    });

    it('is done at once when the copies are there', async () => {
      const [first] = await world.backends();
      const { job } = await wanted(first.id);
      const { id } = await metadata().createJob(job, actor);
      expect(await recordOf(id)).toMatchObject({ state: 'done' });
    });

    it('gives the same job for the same token, and for an equal one that waits', async () => {
      const { job } = await wanted((await world.backend()).id);
      const named = { ...job, clientToken: world.unused('token-') };
      const first = await metadata().createJob(named, actor);
      expect(await metadata().createJob(named, actor)).toEqual({ id: first.id, created: false });
      expect(await metadata().createJob(job, actor)).toEqual({ id: first.id, created: false });
      const other = await wanted((await world.backend()).id);
      const taken = { ...other.job, tenantId: job.tenantId, clientToken: named.clientToken };
      expect(await faultOf(metadata().createJob(taken, actor))).toBe('Conflict');
    });

    it('refuses what cannot be: no such blob, shards, a source without it', async () => {
      const [, , third] = await world.backends();
      const target = (await world.backend()).id;
      const { job } = await wanted(target, ['stored', 'stored', 'missing']);
      expect(await faultOf(metadata().createJob({ ...job, blobs: [world.blobId()] }, actor))).toBe('NoSuchVersion');
      expect(await faultOf(metadata().createJob({ ...job, source: third.id }, actor))).toBe('InvalidRequest');
      const bucket = await world.bucket();
      const shards = await world.version(bucket, 'key', {
        layout: { kind: 'erasure', k: 2, m: 1, stripeBytes: 262_144 },
        replicas: (await world.backends()).map(({ id }, shard) => ({ backend: id, shard, state: 'stored' })),
      });
      await metadata().commitVersion(shards);
      expect(await faultOf(metadata().createJob({ ...job, blobs: [shards.blobId] }, actor))).toBe('InvalidRequest');
    });

    it('cancelled, takes back what is owed for it alone, and comes back when it is tried again', async () => {
      const target = (await world.backend()).id;
      const { job, blobId } = await wanted(target);
      const { id } = await metadata().createJob(job, actor);
      await metadata().cancelJob(id, actor);
      expect(await replicaOf(blobId, target)).toBeUndefined();
      expect(await recordOf(id)).toMatchObject({ state: 'cancelled' });
      expect(await faultOf(metadata().cancelJob(id, actor))).toBe('Conflict');
      await metadata().retryJob(id, [blobId], actor);
      expect(await replicaOf(blobId, target)).toBe('missing');
      expect(await faultOf(metadata().retryJob(id, [blobId], actor))).toBe('Conflict');
      await metadata().cancelJob(id, actor);
    });

    it('fails when its version goes', async () => {
      const { job, bucket } = await wanted((await world.backend()).id);
      const { id } = await metadata().createJob(job, actor);
      await world.remove(bucket, 'key', job.versionId);
      await metadata().settleJobs(1000);
      expect(await recordOf(id)).toMatchObject({ state: 'failed', lastError: 'NoSuchVersion' });
      expect(await faultOf(metadata().retryJob(id, job.blobs, actor))).toBe('NoSuchVersion');
    });

    it('lists asked-for jobs and repairs together, newest first, page by page', async () => {
      const { job, bucket } = await wanted((await world.backend()).id);
      const { id } = await metadata().createJob(job, actor);
      const owing = await world.version(bucket, 'other', { replicas: replicas(await world.backends(), 'missing') });
      await metadata().commitVersion(owing);
      const filter = { state: null, kind: null, tenantId: bucket.tenantId, bucketId: bucket.id, cursor: null };
      const all = await metadata().listJobs({ ...filter, limit: 10 });
      expect(all.items.map((one) => one.kind).sort()).toEqual(['repair', 'replicate']);
      expect(all.next).toBeNull();
      const first = await metadata().listJobs({ ...filter, limit: 1 });
      const second = await metadata().listJobs({ ...filter, limit: 1, cursor: first.next });
      expect([...first.items, ...second.items]).toEqual(all.items);
      expect(second.next).toBeNull();
      const repairs = await metadata().listJobs({ ...filter, kind: 'repair', limit: 10 });
      const [backend] = await world.backends();
      expect(repairs.items).toMatchObject([
        { blobId: owing.blobId, key: null, state: 'waiting', targets: [{ backend: backend.id }], priority: 90 },
      ]);
      const waiting = await metadata().listJobs({ ...filter, kind: 'replicate', state: 'waiting', limit: 10 });
      expect(waiting.items.map((one) => one.id)).toEqual([id]);
      expect((await metadata().listJobs({ ...filter, state: 'failed', limit: 10 })).items).toEqual([]);
    });

    it('makes a replication that the class owes too as urgent as a repair', async () => {
      const [first] = await world.backends();
      const { job, blobId } = await wanted((await world.backend()).id);
      await metadata().createJob(job, actor);
      expect(await lease({ kinds: ['repair'] })).toEqual([]);
      await metadata().reportBadReplica(blobId, first.id, 0);
      only(await lease({ kinds: ['repair'] }), blobId);
    });

    it('counts what waits, works and was given up', async () => {
      const before = await metadata().jobStats();
      const { job } = await wanted((await world.backend()).id);
      await metadata().createJob(job, actor);
      const count = (stats: typeof before, kind: string) => stats.find((one) => one.kind === kind)?.waiting ?? 0;
      const after = await metadata().jobStats();
      expect(count(after, 'replicate')).toBe(count(before, 'replicate') + 1);
      expect(after.find((one) => one.kind === 'replicate')?.dead).toBe(0);
    });

    it('forgets what ended long ago, and nothing else', async () => {
      const { job } = await wanted((await world.backends())[0].id);
      const { id } = await metadata().createJob(job, actor);
      await metadata().purgeJobs(60_000, 100);
      expect(await metadata().job(id)).toBeDefined();
      await metadata().purgeJobs(-60_000, 1000);
      expect(await metadata().job(id)).toBeUndefined();
    });
  });

  describe('leases', () => {
    beforeEach(drain);

    async function owing(...states: Parameters<typeof replicas> extends [unknown, ...infer S] ? S : never) {
      const bucket: Bucket = await world.bucket();
      const request = await world.version(bucket, 'key', { replicas: replicas(await world.backends(), ...states) });
      await metadata().commitVersion(request);
      return { blobId: request.blobId, bucket };
    }
    const stored = (backend: BackendId) => ({ backend, shard: 0, state: 'stored' }) as const;

    it('gives a job to one worker, with a token that no other lease has', async () => {
      const { blobId } = await owing('stored', 'missing');
      const first = only(await lease(), blobId);
      expect(await lease({ worker: { name: 'other', epoch: 0 } })).toEqual([]);
      expect(await metadata().leasedBlob(worker, first)).toMatchObject({ blobId });
      await metadata().endLease(worker, first, { kind: 'released' });
      const second = only(await lease(), blobId);
      expect(second.token).not.toBe(first.token);
    });

    it('gives only what the worker can do', async () => {
      const [a, b, c] = (await world.backends()).map(({ id }) => id) as [BackendId, BackendId, BackendId];
      const { blobId } = await owing('stored', 'missing', 'missing');
      expect(await lease({ able: { writes: [a], reads: [a, b, c] } })).toEqual([]);
      expect(await lease({ able: { writes: [b], reads: [b, c] } })).toEqual([]);
      const part = only(await lease({ able: { writes: [b], reads: [a, b] } }), blobId);
      await metadata().markLeased(worker, part, stored(b));
      await metadata().endLease(worker, part, { kind: 'done' });
      // The rest is for another worker, and at once.
      only(await lease({ able: { writes: [c], reads: [a] } }), blobId);
    });

    it('a lease that ran out changes nothing: no mark, no end, no renewal', async () => {
      const [, b] = await world.backends();
      const { blobId } = await owing('stored', 'missing');
      const stale = only(await lease({ leaseMs: 0 }), blobId);
      const fresh = only(await lease({ worker: { name: 'other', epoch: 0 } }), blobId);
      expect(await metadata().markLeased(worker, stale, stored(b.id))).toBe('stale');
      expect(await metadata().endLease(worker, stale, { kind: 'done' })).toBe(false);
      expect(await metadata().renewLeases(worker, [stale], 60_000)).toEqual([]);
      expect(await metadata().leasedBlob(worker, stale)).toBeUndefined();
      expect(await replicaOf(blobId, b.id)).toBe('missing');
      expect(await metadata().renewLeases({ name: 'other', epoch: 0 }, [fresh], 60_000)).toEqual([fresh.jobId]);
    });

    it('a worker marks only copies that are owed, and only of its blob', async () => {
      const [, b] = await world.backends();
      const { blobId } = await owing('stored', 'missing');
      const other = await owing('stored', 'missing');
      const leases = await lease();
      const mine = only(leases, blobId);
      const stranger = (await world.backend()).id;
      expect(await metadata().markLeased(worker, mine, stored(stranger))).toBe('unwanted');
      expect(await metadata().markLeased(worker, { ...mine, blobId: other.blobId }, stored(b.id))).toBe('stale');
      expect(await replicaOf(blobId, stranger)).toBeUndefined();
    });

    it('hears many results at once, each judged by its own lease', async () => {
      const [, b] = await world.backends();
      const [good, kept, late, unowed] = [
        await owing('stored', 'missing'),
        await owing('stored', 'missing'),
        await owing('stored', 'missing'),
        await owing('stored', 'missing'),
      ];
      const stale = only(await lease({ leaseMs: 0 }), late.blobId);
      const leases = await lease();
      const stranger = (await world.backend()).id;
      const done = { kind: 'done' } as const;
      const results = [
        { lease: only(leases, unowed.blobId), replica: stored(stranger), end: done },
        { lease: stale, replica: stored(b.id), end: done },
        { lease: only(leases, kept.blobId), replica: stored(b.id), end: null },
        { lease: only(leases, good.blobId), replica: stored(b.id), end: done },
      ];
      expect(await metadata().settleLeases(worker, results)).toEqual(['unwanted', 'stale', 'wanted', 'wanted']);
      const states = await Promise.all([good, kept, late, unowed].map(({ blobId }) => replicaOf(blobId, b.id)));
      expect(states).toEqual(['stored', 'stored', 'missing', 'missing']);
      // What is unwanted has yet to be given up, so its lease goes on; what is stale or over is nobody's.
      const held = await Promise.all(results.map((one) => metadata().leasedBlob(worker, one.lease)));
      expect(held.map((one) => one?.blobId)).toEqual([unowed.blobId, undefined, kept.blobId, undefined]);
      const ends = results.map(({ lease: one }) => ({ lease: one, replica: null, end: done }));
      expect(await metadata().settleLeases(worker, ends)).toEqual(['wanted', 'stale', 'wanted', 'stale']);
      expect(await metadata().settleLeases(worker, [])).toEqual([]);
    });

    it('one that failed waits; one that is handed back does not, and that is no try', async () => {
      const { blobId } = await owing('stored', 'missing');
      const first = only(await lease(), blobId);
      await metadata().endLease(worker, first, { kind: 'released' });
      const again = only(await lease(), blobId);
      expect(await recordOf(again.jobId)).toMatchObject({ attempts: 1, state: 'active' });
      await metadata().endLease(worker, again, { kind: 'failed', reason: 'BackendTimeout', noRoom: [] });
      expect(await lease()).toEqual([]);
      expect(await recordOf(again.jobId)).toMatchObject({ state: 'waiting', lastError: 'BackendTimeout' });
    });

    it('after too many tries it is a dead letter, until it is given another life', async () => {
      const { blobId } = await owing('stored', 'missing');
      // A worker that dies each time: its lease runs out.
      for (let tries = 0; tries <= 17; tries += 1) await lease({ leaseMs: 0 });
      expect(await lease()).toEqual([]);
      const all = { kind: null, tenantId: null, bucketId: null, cursor: null, limit: 1000 };
      const dead = (await metadata().listJobs({ ...all, state: 'failed' })).items.find((job) => job.blobId === blobId);
      expect(dead).toMatchObject({ kind: 'repair', state: 'failed', lastError: 'LeaseLost' });
      expect(await metadata().redriveRepairs({ id: dead?.id ?? '', limit: 1 }, actor)).toBe(1);
      only(await lease(), blobId);
      expect(await metadata().redriveRepairs({ id: dead?.id ?? '', limit: 1 }, actor)).toBe(0);
    });

    it('a replication that is given up fails its job, and a retry owes it again', async () => {
      const target = (await world.backend()).id;
      const { job, blobId } = await wanted(target);
      const { id } = await metadata().createJob(job, actor);
      for (let tries = 0; tries <= 17; tries += 1) await lease({ leaseMs: 0 });
      await metadata().settleJobs(1000);
      expect(await recordOf(id)).toMatchObject({ state: 'failed', lastError: 'LeaseLost' });
      await metadata().retryJob(id, [blobId], actor);
      only(await lease(), blobId);
    });

    it('a replication stays where it was asked for, whoever has no room; placed anew it fails its job', async () => {
      const target = (await world.backend()).id;
      const { job, blobId } = await wanted(target);
      const { id } = await metadata().createJob(job, actor);
      const full = { kind: 'failed', reason: 'BackendFull', noRoom: [target] } as const;
      await metadata().endLease(worker, only(await lease(), blobId), full);
      const walked = (await metadata().walkBlobs(null, 10_000)).find(({ blob }) => blob.blobId === blobId);
      expect(walked?.noRoom).toEqual([]);
      await metadata().settleJobs(1000);
      expect(await recordOf(id)).toMatchObject({ state: 'waiting', lastError: 'BackendFull' });
      const expected = walked?.blob.replicas ?? [];
      const next = expected.map((r) => (r.backend === target ? { ...r, state: 'leaving' as const } : r));
      expect(await metadata().changeReplicas([{ blobId, expected, next }], actor)).toEqual(['done']);
      await metadata().settleJobs(1000);
      expect(await recordOf(id)).toMatchObject({ state: 'failed', lastError: 'NoLegalPlacement' });
    });
  });
}
