import { encodeVersionId, type ObjectKey, parseObjectKey, type VersionId } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { faultOf, type World } from './context.ts';

const KEY = parseObjectKey('key');

export function describeVersions(world: World): void {
  const metadata = () => world.metadata();
  const list = async (bucket: Bucket) => {
    const page = await metadata().listVersions({
      bucketId: bucket.id,
      prefix: '',
      delimiter: '',
      keyMarker: '',
      limit: 1000,
    });
    return page.versions;
  };
  /** Newest first: `v`ersion or `m`arker, with `0` for the null version and `*` for the latest. */
  const shape = async (bucket: Bucket) =>
    (await list(bucket)).map(
      (v) => `${v.deleteMarker ? 'm' : 'v'}${v.versionId === 'null' ? '0' : ''}${v.latest ? '*' : ''}`,
    );
  const current = async (bucket: Bucket, key: ObjectKey = KEY) =>
    (await metadata().currentVersion(bucket.id, key))?.versionId;

  describe('versions', () => {
    it('keeps every version of a versioned bucket, newest first', async () => {
      const bucket = await world.bucket('enabled');
      const made = [];
      for (let i = 0; i < 4; i += 1) made.push(await world.put(bucket, 'key'));
      expect(made.every((version) => version.versioned && version.versionId !== 'null')).toBe(true);
      expect((await list(bucket)).map((version) => version.versionId)).toEqual(made.map((v) => v.versionId).reverse());
      expect(await shape(bucket)).toEqual(['v*', 'v', 'v', 'v']);
      for (const { versionId, seq } of made) {
        expect(await metadata().version(bucket.id, KEY, versionId)).toMatchObject({ versionId, seq });
      }
      expect([...(await world.due()).keys()]).not.toContain(
        (await metadata().currentVersion(bucket.id, KEY))?.blob?.blobId,
      );
    });

    it('lays a delete marker over the current version, and shows the version again when the marker goes', async () => {
      const bucket = await world.bucket('enabled');
      const first = await world.put(bucket, 'key');
      const marker = await world.remove(bucket, 'key');
      expect(marker).toMatchObject({ deleteMarker: true, existed: true });
      const found = await metadata().currentVersion(bucket.id, KEY);
      expect(found).toMatchObject({ deleteMarker: true, versionId: marker.versionId, blob: null });
      expect(await metadata().currentSeq(bucket.id, KEY)).toBe(found?.seq);
      expect(await shape(bucket)).toEqual(['m*', 'v']);
      const gone = await world.remove(bucket, 'key', marker.versionId);
      expect(gone).toEqual({ versionId: marker.versionId, deleteMarker: true, existed: true });
      expect(await current(bucket)).toBe(first.versionId);
      expect(await shape(bucket)).toEqual(['v*']);
    });

    it('lays markers where nothing was, one over the other', async () => {
      const bucket = await world.bucket('enabled');
      expect(await world.remove(bucket, 'key')).toMatchObject({ deleteMarker: true, existed: false });
      const second = await world.remove(bucket, 'key');
      expect(await shape(bucket)).toEqual(['m*', 'm']);
      await world.remove(bucket, 'key', second.versionId);
      expect(await shape(bucket)).toEqual(['m*']);
      const listed = await metadata().listObjects({
        bucketId: bucket.id,
        prefix: '',
        delimiter: '',
        after: '',
        limit: 10,
      });
      expect(listed.objects).toEqual([]);
    });

    it('makes the next version current when the current one is removed', async () => {
      const bucket = await world.bucket('enabled');
      const first = await world.put(bucket, 'key');
      const doomed = await world.version(bucket, 'key');
      const second = await metadata().commitVersion(doomed);
      const third = await world.put(bucket, 'key');
      await world.remove(bucket, 'key', third.versionId);
      expect(await current(bucket)).toBe(second.versionId);
      await world.remove(bucket, 'key', second.versionId);
      expect(await current(bucket)).toBe(first.versionId);
      expect([...(await world.due()).keys()]).toContain(doomed.blobId);
      expect(await metadata().version(bucket.id, KEY, second.versionId)).toBeUndefined();
      await world.remove(bucket, 'key', first.versionId);
      expect(await current(bucket)).toBeUndefined();
    });

    it('leaves a marker current when the version above it goes', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'key');
      const marker = await world.remove(bucket, 'key');
      const top = await world.put(bucket, 'key');
      await world.remove(bucket, 'key', top.versionId);
      expect(await current(bucket)).toBe(marker.versionId);
      expect(await shape(bucket)).toEqual(['m*', 'v']);
    });

    it('removes a version in the middle and touches no other', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'key');
      const middle = await world.put(bucket, 'key');
      const top = await world.put(bucket, 'key');
      expect(await world.remove(bucket, 'key', middle.versionId)).toMatchObject({ existed: true, deleteMarker: false });
      expect(await world.remove(bucket, 'key', middle.versionId)).toMatchObject({ existed: false });
      expect(await current(bucket)).toBe(top.versionId);
      expect(await shape(bucket)).toEqual(['v*', 'v']);
    });

    it('finds no version under an id that is not wholly right', async () => {
      const bucket = await world.bucket('enabled');
      const { seq, versionId } = await world.put(bucket, 'key');
      const guessed = encodeVersionId(seq, world.blobId());
      const later = encodeVersionId(seq + 1n, world.blobId());
      for (const wrong of [guessed, later, 'null', 'nonsense'] as VersionId[]) {
        expect(await metadata().version(bucket.id, KEY, wrong)).toBeUndefined();
        expect(await world.remove(bucket, 'key', wrong)).toMatchObject({ existed: false, deleteMarker: false });
      }
      expect(await metadata().version(bucket.id, parseObjectKey('other'), versionId)).toBeUndefined();
      expect(await current(bucket)).toBe(versionId);
    });
  });

  describe('null versions', () => {
    it('keeps the version from before versioning under the name null', async () => {
      const bucket = await world.bucket('off');
      const before = await world.put(bucket, 'key');
      await metadata().updateBucket(
        bucket.id,
        { versioning: 'enabled' },
        { kind: 'system', id: 'test', requestId: '' },
      );
      await world.put(bucket, 'key');
      expect(await shape(bucket)).toEqual(['v*', 'v0']);
      expect((await metadata().version(bucket.id, KEY, 'null'))?.seq).toBe(before.seq);
    });

    it('a suspended bucket replaces its null version only', async () => {
      const bucket = await world.bucket('enabled');
      const kept = await world.put(bucket, 'key');
      await metadata().updateBucket(
        bucket.id,
        { versioning: 'suspended' },
        { kind: 'system', id: 'test', requestId: '' },
      );
      const replaced = await world.version(bucket, 'key');
      expect(await metadata().commitVersion(replaced)).toMatchObject({ versionId: 'null', versioned: false });
      await world.put(bucket, 'key');
      expect(await shape(bucket)).toEqual(['v0*', 'v']);
      expect([...(await world.due()).keys()]).toContain(replaced.blobId);
      expect((await metadata().version(bucket.id, KEY, kept.versionId))?.seq).toBe(kept.seq);
    });

    it('replaces a null version that newer versions hide', async () => {
      const bucket = await world.bucket('off');
      const hidden = await world.version(bucket, 'key');
      await metadata().commitVersion(hidden);
      const system = { kind: 'system', id: 'test', requestId: '' } as const;
      await metadata().updateBucket(bucket.id, { versioning: 'enabled' }, system);
      await world.put(bucket, 'key');
      await metadata().updateBucket(bucket.id, { versioning: 'suspended' }, system);
      await world.put(bucket, 'key');
      expect(await shape(bucket)).toEqual(['v0*', 'v']);
      expect([...(await world.due()).keys()]).toContain(hidden.blobId);
    });

    it('a deletion in a suspended bucket leaves a null marker in place of the null version', async () => {
      const bucket = await world.bucket('suspended');
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      expect(await world.remove(bucket, 'key')).toEqual({ versionId: 'null', deleteMarker: true, existed: true });
      expect(await shape(bucket)).toEqual(['m0*']);
      expect([...(await world.due()).keys()]).toContain(request.blobId);
      await world.remove(bucket, 'key');
      expect(await shape(bucket)).toEqual(['m0*']);
      await world.put(bucket, 'key');
      expect(await shape(bucket)).toEqual(['v0*']);
      expect(await world.remove(bucket, 'key', 'null')).toEqual({
        versionId: 'null',
        deleteMarker: false,
        existed: true,
      });
      expect(await shape(bucket)).toEqual([]);
    });
  });

  describe('conditional deletion of versions', () => {
    it('decides by the named version', async () => {
      const bucket = await world.bucket('enabled');
      const { versionId } = await world.put(bucket, 'key', { etag: 'aa' });
      await world.put(bucket, 'key', { etag: 'bb' });
      const actor = { kind: 'system', id: 'test', requestId: '' } as const;
      const attempt = (ifMatch: string) =>
        faultOf(
          metadata().deleteObject({ bucketId: bucket.id, key: KEY, versionId, preconditions: { ifMatch }, actor }),
        );
      expect(await attempt('bb')).toBe('PreconditionFailed');
      expect(await attempt('aa')).toBe('none');
      expect(await shape(bucket)).toEqual(['v*']);
    });
  });
}
