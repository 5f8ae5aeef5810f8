import { RECOVERY_KEYS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { parseObjectKey } from '@sealgate/core/names';
import type { Bucket, ObjectVersion } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const newKey = (keyId: string) => ({ keyId, jwk: '{"kty":"OKP"}', label: null });

/** What recovery manifests are made of. */
export function describeRecovery(world: World): void {
  const metadata = () => world.metadata();

  describe('recovery keys', () => {
    it('belong to a tenant, are listed, renamed and removed', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      const made = await metadata().addRecoveryKey({ tenantId: tenant.id, ...newKey('a') }, actor);
      expect(made).toMatchObject(newKey('a'));
      await metadata().addRecoveryKey({ tenantId: tenant.id, ...newKey('b') }, actor);
      await metadata().addRecoveryKey({ tenantId: tenant.id, ...newKey('a'), label: 'the first' }, actor);
      const ids = async () => (await metadata().listRecoveryKeys(tenant.id)).map(({ keyId, label }) => [keyId, label]);
      expect(new Map((await ids()) as [string, string | null][])).toEqual(
        new Map([
          ['a', 'the first'],
          ['b', null],
        ]),
      );
      expect(await metadata().listRecoveryKeys(other.id)).toEqual([]);
      expect(await faultOf(metadata().deleteRecoveryKey(other.id, 'a', actor))).toBe('NotFound');
      await metadata().deleteRecoveryKey(tenant.id, 'a', actor);
      expect(await ids()).toEqual([['b', null]]);
    });

    it('are bounded, and need a tenant', async () => {
      const tenant = await world.tenant();
      for (let made = 0; made < RECOVERY_KEYS_PER_TENANT_MAX; made += 1) {
        await metadata().addRecoveryKey({ tenantId: tenant.id, ...newKey(`key-${made}`) }, actor);
      }
      const add = (keyId: string, tenantId: string = tenant.id) =>
        faultOf(metadata().addRecoveryKey({ tenantId: tenantId as typeof tenant.id, ...newKey(keyId) }, actor));
      expect(await add('one more')).toBe('QuotaExceeded');
      expect(await add('key-3')).toBe('none');
      expect(await add('any', '00000000-0000-7000-8000-000000000000')).toBe('NotFound');
    });

    it('make who has them able to recover', async () => {
      const bucket = await world.bucket();
      const before = await metadata().countRecoverable();
      await metadata().addRecoveryKey({ tenantId: bucket.tenantId, ...newKey('a') }, actor);
      const after = await metadata().countRecoverable();
      expect([after.byOwner - before.byOwner, after.others - before.others]).toEqual([1, -1]);
      await metadata().leaseCursor(`recovery/${bucket.id}`, 'writer', 0);
      await metadata().saveCursor(`recovery/${bucket.id}`, 'writer', { position: { written: 7 }, leaseMs: 0 });
      expect((await metadata().recoveryStatus(bucket.id - 1, 1))[0]).toEqual({
        bucketId: bucket.id,
        tenant: bucket.tenantName,
        bucket: bucket.name,
        ownerKeys: 1,
        position: { written: 7 },
        requested: true,
      });
    });
  });

  describe('requests of manifests', () => {
    const requested = async (bucket: Bucket) =>
      (await metadata().requestedManifests(10_000)).find(({ bucketId }) => bucketId === bucket.id);

    it('come with every change of keys, for all buckets of the tenant and no other', async () => {
      const [bucket, other] = [await world.bucket(), await world.bucket()];
      const second = await world.bucket('off', { tenantId: bucket.tenantId });
      for (const change of [
        () => metadata().addRecoveryKey({ tenantId: bucket.tenantId, ...newKey('a') }, actor),
        () => metadata().deleteRecoveryKey(bucket.tenantId, 'a', actor),
        () => metadata().requestManifests({ tenantId: bucket.tenantId }, actor),
      ]) {
        await change();
        for (const own of [bucket, second]) {
          const request = await requested(own);
          expect(request).toBeDefined();
          if (request !== undefined) await metadata().finishManifestRequest(request);
        }
        expect(await requested(other)).toBeUndefined();
      }
      expect(await metadata().requestManifests('all', actor)).toBeGreaterThanOrEqual(3);
    });

    it('are not ended by who worked on an earlier one', async () => {
      const bucket = await world.bucket();
      expect(await metadata().requestManifests({ bucketId: bucket.id }, actor)).toBe(1);
      const first = await requested(bucket);
      await metadata().requestManifests({ bucketId: bucket.id }, actor);
      if (first !== undefined) await metadata().finishManifestRequest(first);
      const second = await requested(bucket);
      expect(second).toBeDefined();
      if (second !== undefined) await metadata().finishManifestRequest(second);
      expect(await requested(bucket)).toBeUndefined();
    });
  });

  describe('the log of changes', () => {
    const final = async (): Promise<bigint> => {
      const mark = await metadata().markLog();
      for (let tries = 0; tries < 10_000 && !(await metadata().isLogFinal(mark)); tries += 1) await Promise.resolve();
      return mark.seq;
    };
    /** What `work` logged about one bucket. */
    const changesOf = async (bucket: Bucket, work: () => Promise<unknown>) => {
      const after = await final();
      await work();
      const page = await metadata().loggedChanges({ after, upTo: await final(), limit: 10_000 });
      return page.changes.filter(({ bucketId }) => bucketId === bucket.id);
    };

    it('tells of every change of a version, and where it was', async () => {
      const bucket = await world.bucket('enabled');
      const key = parseObjectKey('key');
      let seq = 0n;
      const touched = async (work: () => Promise<unknown>) =>
        (await changesOf(bucket, work)).map((change) => [change.key, change.versionSeq]);
      expect(
        await touched(async () => {
          seq = (await world.put(bucket, 'key')).seq;
        }),
      ).toEqual([[key, seq]]);
      const tags = { a: 'b' };
      const tagged = () => metadata().updateVersion({ bucketId: bucket.id, key, change: { tags }, actor });
      expect(await touched(tagged)).toEqual([[key, seq]]);
      let marker: string | undefined;
      const laid = await touched(async () => {
        marker = (await world.remove(bucket, 'key')).versionId;
      });
      expect(laid).toHaveLength(1);
      const markerSeq = laid[0]?.[1] as bigint;
      expect(markerSeq).toBeGreaterThan(seq);
      expect(await touched(() => world.remove(bucket, 'key', marker))).toEqual([[key, markerSeq]]);
      expect(
        await touched(() =>
          metadata()
            .deleteBucket(bucket.id, actor)
            .catch(() => undefined),
        ),
      ).toEqual([]);
      const versionId = (await metadata().currentVersion(bucket.id, key))?.versionId;
      expect(await touched(() => world.remove(bucket, 'key', versionId))).toEqual([[key, seq]]);
      expect((await touched(() => metadata().deleteBucket(bucket.id, actor))).map(([of]) => of)).toEqual([null]);
    });

    it('is read page by page, and no further than it is asked to', async () => {
      const bucket = await world.bucket();
      const after = await final();
      for (const key of ['a', 'b', 'c', 'd', 'e']) await world.put(bucket, key);
      const upTo = await final();
      await world.put(bucket, 'f');
      const keys: string[] = [];
      for (let at = after; at < upTo; ) {
        const page = await metadata().loggedChanges({ after: at, upTo, limit: 2 });
        keys.push(...page.changes.filter(({ bucketId }) => bucketId === bucket.id).map(({ key }) => key ?? ''));
        expect(page.through).toBeGreaterThan(at);
        at = page.through;
      }
      expect(keys).toEqual(['a', 'b', 'c', 'd', 'e']);
    });
  });

  describe('versions at places', () => {
    const read = async (bucket: Bucket, places: readonly (readonly [string, bigint])[]) => {
      const asked = places.map(([key, seq]) => ({ key: parseObjectKey(key), seq }));
      const found = await metadata().versionsAt(bucket.id, asked);
      return [...found].sort((a, b) => Number(a.seq - b.seq));
    };
    const seqs = (versions: readonly ObjectVersion[]) => versions.map(({ seq }) => seq);

    it('are those that exist, as a reader sees them', async () => {
      const bucket = await world.bucket('enabled');
      const first = await world.put(bucket, 'key');
      const second = await world.put(bucket, 'key');
      await world.remove(bucket, 'key');
      const other = await world.put(bucket, 'other');
      const found = await read(bucket, [
        ['key', first.seq],
        ['key', second.seq + 10_000n],
        ['other', other.seq],
        ['none', first.seq],
      ]);
      expect(seqs(found)).toEqual([first.seq, other.seq]);
      const { key, versionId } = found[0]!;
      expect(found[0]).toEqual(await metadata().version(bucket.id, key, versionId));
      expect(found[0]?.blob?.digests).toHaveLength(32);
    });

    it('come with the null version of each key, which replaces without being named', async () => {
      const bucket = await world.bucket('off');
      const first = await world.put(bucket, 'key');
      const second = await world.put(bucket, 'key');
      expect(seqs(await read(bucket, [['key', first.seq]]))).toEqual([second.seq]);
      await metadata().updateBucket(bucket.id, { versioning: 'enabled' }, actor);
      const third = await world.put(bucket, 'key');
      expect(seqs(await read(bucket, [['key', third.seq]]))).toEqual([second.seq, third.seq]);
      await world.remove(bucket, 'key', 'null');
      expect(seqs(await read(bucket, [['key', second.seq]]))).toEqual([]);
    });
  });
}
