import { type BlobId, parseObjectKey } from '@sealgate/core/names';
import type { Bucket, NewWritePlan } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, physicalName, replicas, type World } from './context.ts';

const HOUR_MS = 60 * 60_000;

export function describeWritePlans(world: World): void {
  const metadata = () => world.metadata();

  async function plan(bucket: Bucket, changes: Partial<NewWritePlan> = {}): Promise<NewWritePlan> {
    const wanted: NewWritePlan = {
      blobId: world.blobId(),
      bucketId: bucket.id,
      key: parseObjectKey('a/key'),
      bytes: 1000,
      md5: null,
      sha256: new Uint8Array(32).fill(3),
      redundancyClass: 'StandardClass',
      tags: { residency: 'FI' },
      backends: (await world.backends()).map(({ id }) => id),
      lifetimeMs: HOUR_MS,
      openMax: 100,
      ...changes,
    };
    await metadata().createWritePlan(wanted, actor);
    return wanted;
  }
  const commit = async (bucket: Bucket, { blobId, key }: NewWritePlan, job: 'with a job' | null = null) => {
    const version = await world.version(bucket, key, { blobId });
    const extra = await world.backend();
    const wanted = { tenantId: bucket.tenantId, targets: [extra.id], encryptionRequired: false, priority: 3 };
    return await metadata().commitPlanned(version, job === null ? null : wanted);
  };
  const dueOf = async (blobId: BlobId) =>
    (await metadata().leaseDeletions(10_000, 0)).find((deletion) => deletion.blobId === blobId);

  describe('write plans', () => {
    it('tells an open plan as it was made, to its bucket only', async () => {
      const [bucket, other] = [await world.bucket(), await world.bucket()];
      const wanted = await plan(bucket);
      const held = await metadata().holdWritePlan(bucket.id, wanted.blobId, 0);
      expect(held).toMatchObject({
        blobId: wanted.blobId,
        key: wanted.key,
        bytes: 1000,
        md5: null,
        redundancyClass: 'StandardClass',
        tags: { residency: 'FI' },
        backends: wanted.backends,
        committed: null,
      });
      expect(Buffer.from(held?.sha256 ?? [])).toEqual(Buffer.alloc(32, 3));
      expect(await metadata().holdWritePlan(other.id, wanted.blobId, 0)).toBeUndefined();
      expect(await metadata().holdWritePlan(bucket.id, world.blobId(), 0)).toBeUndefined();
    });

    it('ends before anybody may take its blob for an orphan, whatever is asked for', async () => {
      const bucket = await world.bucket();
      const { blobId } = await plan(bucket, { lifetimeMs: 1000 * HOUR_MS });
      const first = await metadata().holdWritePlan(bucket.id, blobId, 0);
      const held = await metadata().holdWritePlan(bucket.id, blobId, 1000 * HOUR_MS);
      expect(held?.expiresAtMs).toBe(first?.expiresAtMs);
      expect((held?.expiresAtMs ?? 0) - world.now()).toBeLessThanOrEqual(18 * HOUR_MS);
      expect((held?.expiresAtMs ?? 0) - world.now()).toBeGreaterThan(17 * HOUR_MS);
    });

    it('becomes one version, with its replication, and says so again when asked again', async () => {
      const bucket = await world.bucket('enabled');
      const wanted = await plan(bucket);
      const committed = await commit(bucket, wanted, 'with a job');
      const current = await metadata().currentVersion(bucket.id, wanted.key);
      expect(current).toMatchObject({ seq: committed.seq, versionId: committed.versionId, bytes: 1000 });
      const job = await metadata().job(committed.jobId ?? '');
      expect(job).toMatchObject({ key: wanted.key, versionId: committed.versionId, state: 'waiting', blobs: 1 });
      expect(current?.blob?.replicas.filter(({ state }) => state === 'missing')).toHaveLength(1);
      expect(await commit(bucket, wanted)).toEqual(committed);
      expect((await metadata().holdWritePlan(bucket.id, wanted.blobId, 0))?.committed).toEqual(committed);
      const all = { prefix: '', delimiter: '', keyMarker: '', limit: 10 };
      expect((await metadata().listVersions({ bucketId: bucket.id, ...all })).versions).toHaveLength(1);
    });

    it('is for one key of one bucket', async () => {
      const [bucket, other] = [await world.bucket(), await world.bucket()];
      const wanted = await plan(bucket);
      expect(await faultOf(commit(bucket, { ...wanted, key: parseObjectKey('another') }))).toBe('Conflict');
      expect(await faultOf(commit(other, wanted))).toBe('Conflict');
      expect(await faultOf(commit(bucket, { ...wanted, blobId: world.blobId() }))).toBe('Conflict');
    });

    it('stays open, and nothing else happens, when its commit is refused', async () => {
      const bucket = await world.bucket();
      const wanted = await plan(bucket);
      await world.put(bucket, wanted.key);
      const before = await metadata().currentVersion(bucket.id, wanted.key);
      const version = await world.version(bucket, wanted.key, { blobId: wanted.blobId });
      const refused = { ...version, preconditions: { ifNoneMatch: '*' } };
      expect(await faultOf(metadata().commitPlanned(refused, null))).toBe('PreconditionFailed');
      // Too many copies: the version would have gone in by then.
      const many = await Promise.all(Array.from({ length: 31 }, () => world.backend()));
      const job = {
        tenantId: bucket.tenantId,
        targets: many.map(({ id }) => id),
        encryptionRequired: false,
        priority: 0,
      };
      expect(await faultOf(metadata().commitPlanned(version, job))).toBe('InvalidRequest');
      expect(await metadata().currentVersion(bucket.id, wanted.key)).toEqual(before);
      expect((await metadata().holdWritePlan(bucket.id, wanted.blobId, 0))?.committed).toBeNull();
      expect((await metadata().commitPlanned(version, null)).jobId).toBeNull();
    });

    it('is given up at its end: what may have landed is removed, and it is never committed', async () => {
      const bucket = await world.bucket();
      const wanted = await plan(bucket, { lifetimeMs: 0 });
      expect(await metadata().holdWritePlan(bucket.id, wanted.blobId, HOUR_MS)).toBeUndefined();
      expect(await faultOf(commit(bucket, wanted))).toBe('Conflict');
      expect(await metadata().expireWritePlans(10_000)).toBeGreaterThan(0);
      const places = wanted.backends.map((id) => ({ backend: id, shard: 0, bucket: physicalName(bucket, id) }));
      expect((await dueOf(wanted.blobId))?.replicas).toEqual(places);
      expect(await faultOf(world.put(bucket, wanted.key, { blobId: wanted.blobId }))).toBe('Conflict');
    });

    it('can be given up before', async () => {
      const bucket = await world.bucket();
      const wanted = await plan(bucket);
      expect(await metadata().endWritePlan(bucket.id, wanted.blobId, actor)).toBe(true);
      expect(await metadata().endWritePlan(bucket.id, wanted.blobId, actor)).toBe(false);
      expect(await faultOf(commit(bucket, wanted))).toBe('Conflict');
      await metadata().expireWritePlans(10_000);
      expect(await dueOf(wanted.blobId)).toBeDefined();
    });

    it('leaves what was committed alone at its end', async () => {
      const bucket = await world.bucket();
      const wanted = await plan(bucket);
      await commit(bucket, wanted);
      expect(await metadata().endWritePlan(bucket.id, wanted.blobId, actor)).toBe(false);
      await metadata().expireWritePlans(10_000);
      expect(await dueOf(wanted.blobId)).toBeUndefined();
      expect(await metadata().blobForRepair(wanted.blobId)).toMatchObject({
        blob: { replicas: replicas(await world.backends()) },
      });
    });

    it('has its number bounded', async () => {
      const bucket = await world.bucket();
      const { blobId } = await plan(bucket, { openMax: 1 });
      expect(await faultOf(plan(bucket, { openMax: 1 }))).toBe('QuotaExceeded');
      await metadata().endWritePlan(bucket.id, blobId, actor);
      await metadata().expireWritePlans(10_000);
      expect(await faultOf(plan(bucket, { openMax: 1 }))).toBe('none');
    });

    it('needs its bucket', async () => {
      const bucket = await world.bucket();
      await metadata().deleteBucket(bucket.id, actor);
      expect(await faultOf(plan(bucket))).toBe('NoSuchBucket');
    });
  });
}
