import { type BackendId, parseAccessKeyId } from '@sealgate/core/names';
import type { Bucket, Tenant } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

export function describeErasures(world: World): void {
  const metadata = () => world.metadata();
  const suspend = (tenant: Tenant) => metadata().updateTenant(tenant.id, { state: 'suspended' }, actor);
  const begin = (tenant: Tenant, without: readonly BackendId[] = []) =>
    metadata().beginErasure({ tenantId: tenant.id, without, stored: { bytes: 3000, versions: 3 } }, actor);
  const advance = (tenant: Tenant, to: 'settling' | 'done', excluded: readonly BackendId[] = []) =>
    metadata().advanceErasure({ tenantId: tenant.id, to, excluded, report: `"${to}"`, detail: { to } }, actor);
  const erasure = (tenant: Tenant) => metadata().erasure(tenant.id);

  async function doomed(): Promise<{ readonly tenant: Tenant; readonly bucket: Bucket }> {
    const tenant = await world.tenant({ email: `${world.unused('somebody')}@example.org` });
    const bucket = await world.bucket('enabled', { tenantId: tenant.id });
    return { tenant, bucket };
  }

  describe('the deletion of a tenant', () => {
    it('begins with a suspended one only, takes its keys away, and is for good', async () => {
      const { tenant, bucket } = await doomed();
      const accessKeyId = parseAccessKeyId(world.unused('SGAKERASED'));
      const pair = { accessKeyId, secretAccessKey: 'a secret of some length' };
      const credential = { ...pair, tenantId: tenant.id, expiresAtMs: null, description: null };
      await metadata().createCredential(credential, actor);
      expect(await faultOf(begin(tenant))).toBe('Conflict');
      await suspend(tenant);
      expect(await metadata().bucket(bucket.namespace, bucket.name)).toMatchObject({ id: bucket.id });
      await begin(tenant);
      expect(await metadata().tenant(tenant.id)).toMatchObject({ state: 'deleting', email: null });
      // Nobody puts anything there any more; whoever empties it knows its number.
      expect(await metadata().bucket(bucket.namespace, bucket.name)).toBeUndefined();
      expect(await metadata().bucketById(bucket.id)).toMatchObject({ id: bucket.id });
      expect(await metadata().credential(accessKeyId)).toBeUndefined();
      expect(await faultOf(metadata().updateTenant(tenant.id, { state: 'active' }, actor))).toBe('NotFound');
      expect(await faultOf(metadata().createCredential(credential, actor))).toBe('NotFound');
      expect(await erasure(tenant)).toMatchObject({
        tenantName: tenant.name,
        state: 'removing',
        found: { bytes: 3000, versions: 3, buckets: [{ id: bucket.id, name: bucket.name }] },
        without: [],
        confirmed: [],
        report: null,
      });
      expect(await metadata().erasuresUnderWay()).toContain(tenant.id);
    });

    it('counts for each backend what waits and what was confirmed, by bytes too', async () => {
      const { tenant, bucket } = await doomed();
      const other = await world.bucket();
      const backends = await world.backends();
      const [first] = backends;
      const request = await world.version(bucket, 'key', { bytes: 1000 });
      const { versionId } = await metadata().commitVersion(request);
      await suspend(tenant);
      await begin(tenant);
      expect((await erasure(tenant))?.waiting).toEqual([]);
      await world.remove(bucket, 'key', versionId);
      const one = { copies: 1, attempts: 0, bytes: 1000 };
      expect((await erasure(tenant))?.waiting).toEqual(backends.map(({ id }) => ({ backend: id, ...one })));
      await world.put(other, 'key');
      await world.remove(other, 'key');
      await world.due();
      await metadata().finishDeletion(request.blobId, [{ backend: first.id, shard: 0 }]);
      const after = await erasure(tenant);
      expect(after?.confirmed).toEqual([
        { backend: first.id, ...one, firstMs: expect.any(Number) as number, lastMs: expect.any(Number) as number },
      ]);
      expect(after?.waiting.map(({ backend }) => backend)).toEqual(backends.slice(1).map(({ id }) => id));
    });

    it('tells attempts that were given up from copies', async () => {
      const { tenant, bucket } = await doomed();
      const [{ id: backend }] = await world.backends();
      await suspend(tenant);
      await begin(tenant);
      const blobId = world.blobId();
      await metadata().enqueueDeletion({ blobId, bucketId: bucket.id, replicas: [{ backend, shard: 0 }] });
      expect((await erasure(tenant))?.waiting).toEqual([{ backend, copies: 0, attempts: 1, bytes: 0 }]);
      await world.due();
      await metadata().finishDeletion(blobId, [{ backend, shard: 0 }]);
      expect((await erasure(tenant))?.confirmed).toMatchObject([{ backend, copies: 0, attempts: 1, bytes: 0 }]);
    });

    it('comes further only when no bucket is left, and ends when no physical one is', async () => {
      const { tenant, bucket } = await doomed();
      const ids = (await world.backends()).map(({ id }) => id);
      await suspend(tenant);
      await begin(tenant);
      expect(await advance(tenant, 'done')).toBe(false);
      expect(await advance(tenant, 'settling')).toBe(false);
      await metadata().deleteBucket(bucket.id, actor);
      expect(await advance(tenant, 'settling')).toBe(true);
      expect(await advance(tenant, 'settling')).toBe(false);
      expect(await erasure(tenant)).toMatchObject({ state: 'settling', report: '"settling"', doneAtMs: null });
      expect((await erasure(tenant))?.bucketsLeft.map(({ backend }) => backend)).toEqual(ids.toSorted());
      expect(await advance(tenant, 'done', ids.slice(1))).toBe(false);
      expect(await advance(tenant, 'done', ids)).toBe(true);
      const done = await erasure(tenant);
      expect(done).toMatchObject({ state: 'done', report: '"done"' });
      expect(done?.entries).toHaveLength(3);
      expect(await metadata().tenant(tenant.id)).toMatchObject({ state: 'deleted', displayName: tenant.name });
      expect(await metadata().erasuresUnderWay()).not.toContain(tenant.id);
      // The name is not given again.
      expect(await faultOf(world.tenant({ name: tenant.name }))).toBe('Conflict');
    });

    it('takes further backends that are not waited for, once', async () => {
      const { tenant } = await doomed();
      const [a, b] = await world.backends();
      await suspend(tenant);
      await begin(tenant, [a.id]);
      await begin(tenant, [b.id]);
      await begin(tenant, [a.id]);
      expect((await erasure(tenant))?.without).toEqual([a.id, b.id].toSorted());
    });

    it('finds what object lock keeps from everybody, and nothing else', async () => {
      const tenant = await world.tenant();
      const bucket = await world.bucket('off', { tenantId: tenant.id, objectLock: true });
      const until = Math.floor(world.now() / 1000) * 1000 + 3_600_000;
      const lock = async (
        key: string,
        change: Parameters<ReturnType<typeof metadata>['updateVersion']>[0]['change'],
      ) => {
        const request = await world.version(bucket, key);
        await metadata().commitVersion(request);
        await metadata().updateVersion({ bucketId: bucket.id, key: request.key, change, actor });
      };
      await world.put(bucket, 'free');
      await lock('governed', { retention: { mode: 'GOVERNANCE', untilMs: until } });
      expect(await metadata().lockedVersions(tenant.id, 10)).toEqual({ versions: [], total: 0, lastUntilMs: null });
      await lock('held', { legalHold: true });
      await lock('kept', { retention: { mode: 'COMPLIANCE', untilMs: until } });
      // What took its place does not free it.
      await world.put(bucket, 'kept');
      expect(await metadata().lockedVersions(tenant.id, 1)).toMatchObject({ total: 2, lastUntilMs: until });
      expect((await metadata().lockedVersions(tenant.id, 10)).versions).toMatchObject([
        { bucket: bucket.name, key: 'held', retainUntilMs: null, legalHold: true },
        { bucket: bucket.name, key: 'kept', retainUntilMs: until, legalHold: false },
      ]);
    });
  });
}
