import { type ObjectKey, parseObjectKey, type VersionId } from '@sealgate/core/names';
import { type Bucket, PLAIN_ATTRIBUTES, type UpdateVersion, type VersionAttributes } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const KEY = parseObjectKey('key');

/** What a version has besides its bytes, how it changes in its place, and what object lock keeps. */
export function describeAttributes(world: World): void {
  const metadata = () => world.metadata();
  const update = (
    bucket: Bucket,
    change: UpdateVersion['change'],
    at: Partial<Pick<UpdateVersion, 'versionId' | 'bypassGovernance'>> & { readonly key?: ObjectKey } = {},
  ) => metadata().updateVersion({ bucketId: bucket.id, key: KEY, change, actor, ...at });
  const current = (bucket: Bucket) => metadata().currentVersion(bucket.id, KEY);

  describe('attributes', () => {
    it('gives back what a write said, in whatever state the version is', async () => {
      const bucket = await world.bucket('off', { objectLock: true });
      const attributes = fullAttributes(world.now());
      const first = await world.put(bucket, 'key', { attributes });
      expect((await current(bucket))?.attributes).toEqual(attributes);
      const second = await world.put(bucket, 'key');
      expect((await current(bucket))?.attributes).toEqual(PLAIN_ATTRIBUTES);
      expect((await metadata().version(bucket.id, KEY, first.versionId))?.attributes).toEqual(attributes);
      await world.remove(bucket, 'key', second.versionId);
      expect((await current(bucket))?.attributes).toEqual(attributes);
    });

    it('keeps those of an upload for the version it becomes', async () => {
      const bucket = await world.bucket('off', { objectLock: true });
      const attributes = fullAttributes(world.now());
      const uploadId = await world.beginUpload(bucket, 'key', { attributes });
      expect((await metadata().upload(bucket.id, KEY, uploadId))?.attributes).toEqual(attributes);
      const part = await world.putPart(bucket, 'key', uploadId, 1, { bytes: 70, storedBytes: 90 });
      await metadata().commitUpload({
        bucketId: bucket.id,
        key: KEY,
        uploadId,
        parts: [{ partNumber: 1, etag: part.etag }],
        etag: 'aa-1',
        bytes: 70,
        checksum: null,
        envelope: null,
        verdict: null,
        preconditions: {},
        actor,
      });
      const found = await current(bucket);
      expect(found).toMatchObject({ attributes, bytes: 70 });
      if (found === undefined) return;
      const [segment] = await metadata().readSegments(found, 0, 10);
      expect(segment).toMatchObject({ bytes: 70, blob: { bytes: 90 } });
      expect((await metadata().readSegmentOfPart(found, 1))?.bytes).toBe(70);
    });

    it('tells the bytes that the client sees from those that are stored', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'key', { bytes: 100, storedBytes: 132 });
      expect(await current(bucket)).toMatchObject({ bytes: 100, blob: { bytes: 132 } });
    });

    it('lists who owns an object, when that is not the bucket’s owner', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'a/x', { attributes: { ...PLAIN_ATTRIBUTES, ownerId: OTHER } });
      await world.put(bucket, 'b');
      const page = { bucketId: bucket.id, prefix: '', limit: 10 };
      for (const delimiter of ['', '#']) {
        const objects = await metadata().listObjects({ ...page, delimiter, after: '' });
        expect(objects.objects.map((object) => object.ownerId)).toEqual([OTHER, null]);
        const versions = await metadata().listVersions({ ...page, delimiter, keyMarker: '' });
        expect(versions.versions.map((version) => version.ownerId)).toEqual([OTHER, null]);
      }
    });
  });

  describeUpdates(world, update);
  describeLocks(world, update);
}

const OTHER = 'ab'.repeat(32);

function fullAttributes(now: number): VersionAttributes {
  return {
    ownerId: OTHER,
    acl: {
      grants: [
        { grantee: { kind: 'group', group: 'AllUsers' }, permission: 'READ' },
        { grantee: { kind: 'user', ownerId: OTHER }, permission: 'FULL_CONTROL' },
      ],
    },
    retention: { mode: 'COMPLIANCE', untilMs: Math.floor(now) + 86_400_123 },
    legalHold: true,
    encryption: { kind: 'SSE-S3', wrappedKey: 'AAEC', keyVersion: 3 },
  };
}

type Update = (
  bucket: Bucket,
  change: UpdateVersion['change'],
  at?: Partial<Pick<UpdateVersion, 'versionId' | 'bypassGovernance'>> & { readonly key?: ObjectKey },
) => ReturnType<World['metadata']> extends { updateVersion: (request: UpdateVersion) => infer Answer } ? Answer : never;

function describeUpdates(world: World, update: Update): void {
  const metadata = () => world.metadata();

  describe('changes of a version in its place', () => {
    it('changes what is named and nothing else, on any version', async () => {
      const bucket = await world.bucket('off', { objectLock: true });
      const attributes = fullAttributes(world.now());
      const old = await world.put(bucket, 'key', { attributes, tags: { a: '1' } });
      const top = await world.put(bucket, 'key');
      expect(await update(bucket, { tags: { b: '2' } }, { versionId: old.versionId })).toEqual({
        versionId: old.versionId,
        seq: old.seq,
      });
      const acl = { grants: [] };
      expect(await update(bucket, { acl, ownerId: OTHER })).toEqual({ versionId: top.versionId, seq: top.seq });
      expect(await metadata().version(bucket.id, KEY, old.versionId)).toMatchObject({ tags: { b: '2' }, attributes });
      expect(await metadata().currentVersion(bucket.id, KEY)).toMatchObject({
        ...{ seq: top.seq, tags: null },
        attributes: { ...PLAIN_ATTRIBUTES, acl, ownerId: OTHER },
      });
      await update(bucket, { tags: null, acl: null, ownerId: null });
      expect((await metadata().currentVersion(bucket.id, KEY))?.attributes).toEqual(PLAIN_ATTRIBUTES);
      await update(bucket, { tags: null, legalHold: false }, { versionId: old.versionId });
      expect(await metadata().version(bucket.id, KEY, old.versionId)).toMatchObject({
        tags: null,
        attributes: { ...attributes, legalHold: false },
      });
    });

    it('changes the null version by its name', async () => {
      const bucket = await world.bucket('off');
      await world.put(bucket, 'key');
      expect((await update(bucket, { tags: { a: '1' } }, { versionId: 'null' })).versionId).toBe('null');
      await metadata().updateBucket(bucket.id, { versioning: 'enabled' }, actor);
      await world.put(bucket, 'key');
      await update(bucket, { tags: { a: '2' } }, { versionId: 'null' });
      expect((await metadata().version(bucket.id, KEY, 'null'))?.tags).toEqual({ a: '2' });
      expect((await metadata().currentVersion(bucket.id, KEY))?.tags).toBeNull();
    });

    it('refuses what is not there, and delete markers', async () => {
      const bucket = await world.bucket('enabled');
      expect(await faultOf(update(bucket, { tags: {} }))).toBe('NoSuchKey');
      const { versionId } = await world.put(bucket, 'key');
      const wrong = (await world.put(bucket, 'other')).versionId;
      expect(await faultOf(update(bucket, { tags: {} }, { versionId: wrong }))).toBe('NoSuchVersion');
      expect(await faultOf(update(bucket, { tags: {} }, { versionId: 'nonsense' as VersionId }))).toBe('NoSuchVersion');
      expect(await faultOf(update(bucket, { tags: {} }, { versionId: 'null' }))).toBe('NoSuchVersion');
      const marker = await world.remove(bucket, 'key');
      expect(await faultOf(update(bucket, { tags: {} }))).toBe('NoSuchKey');
      if (marker.versionId !== undefined)
        expect(await faultOf(update(bucket, { tags: {} }, { versionId: marker.versionId }))).toBe('MethodNotAllowed');
      await update(bucket, { tags: { a: '1' } }, { versionId });
      expect((await metadata().version(bucket.id, KEY, versionId))?.tags).toEqual({ a: '1' });
      const gone = await world.bucket();
      await metadata().deleteBucket(gone.id, actor);
      expect(await faultOf(update(gone, { tags: {} }))).toBe('NoSuchBucket');
    });
  });
}

function describeLocks(world: World, update: Update): void {
  const metadata = () => world.metadata();
  const governance = (ms: number) => ({ mode: 'GOVERNANCE', untilMs: Math.floor(world.now()) + ms }) as const;
  const compliance = (ms: number) => ({ mode: 'COMPLIANCE', untilMs: Math.floor(world.now()) + ms }) as const;
  const DAY = 86_400_000;
  const locked = () => world.bucket('off', { objectLock: true });
  const remove = (bucket: Bucket, versionId: VersionId | 'null', bypassGovernance: boolean) =>
    faultOf(
      metadata().deleteObject({ bucketId: bucket.id, key: KEY, versionId, preconditions: {}, bypassGovernance, actor }),
    );

  describe('object lock', () => {
    it('is switched on for versioned buckets only, and for good', async () => {
      const plain = await world.bucket();
      expect(await faultOf(metadata().updateBucket(plain.id, { objectLock: true }, actor))).toBe('InvalidBucketState');
      const both = { objectLock: true, versioning: 'enabled' } as const;
      expect(await metadata().updateBucket(plain.id, both, actor)).toMatchObject(both);
      expect(await faultOf(metadata().updateBucket(plain.id, { versioning: 'suspended' }, actor))).toBe(
        'InvalidBucketState',
      );
      const kept = await metadata().updateBucket(plain.id, { configs: { tagging: 'x' } }, actor);
      expect(kept.objectLock).toBe(true);
    });

    it('is needed for retention and legal hold, however they are asked for', async () => {
      const bucket = await world.bucket('enabled');
      const retention = governance(DAY);
      for (const said of [{ retention }, { legalHold: true }, { legalHold: false }]) {
        const attributes = { ...PLAIN_ATTRIBUTES, ...said };
        expect(await faultOf(world.put(bucket, 'key', { attributes }))).toBe('InvalidRequest');
        expect(await faultOf(world.beginUpload(bucket, 'key', { attributes }))).toBe('InvalidRequest');
      }
      await world.put(bucket, 'key');
      expect(await faultOf(update(bucket, { retention }))).toBe('InvalidRequest');
      expect(await faultOf(update(bucket, { legalHold: false }))).toBe('InvalidRequest');
    });

    it('keeps a version under legal hold from everybody until the hold ends', async () => {
      const bucket = await locked();
      const { versionId } = await world.put(bucket, 'key', { attributes: { ...PLAIN_ATTRIBUTES, legalHold: true } });
      expect(await remove(bucket, versionId, true)).toBe('AccessDenied');
      await update(bucket, { legalHold: false });
      expect(await remove(bucket, versionId, false)).toBe('none');
    });

    it('keeps a version under retention, current or not, and lets GOVERNANCE be bypassed', async () => {
      const bucket = await locked();
      const retained = async (retention: VersionAttributes['retention']) =>
        (await world.put(bucket, 'key', { attributes: { ...PLAIN_ATTRIBUTES, retention } })).versionId;
      const lenient = await retained(governance(DAY));
      const strict = await retained(compliance(DAY));
      const over = await retained(compliance(-1));
      expect(await remove(bucket, over, false)).toBe('none');
      for (const versionId of [strict, lenient]) expect(await remove(bucket, versionId, false)).toBe('AccessDenied');
      expect(await remove(bucket, strict, true)).toBe('AccessDenied');
      expect(await remove(bucket, lenient, true)).toBe('none');
      expect(await world.remove(bucket, 'key')).toMatchObject({ deleteMarker: true });
      expect(await remove(bucket, strict, true)).toBe('AccessDenied');
      expect(await metadata().version(bucket.id, KEY, strict)).toBeDefined();
      expect(await faultOf(metadata().deleteBucket(bucket.id, actor))).toBe('BucketNotEmpty');
    });

    it('lets retention grow, and become less only by who may bypass GOVERNANCE', async () => {
      const bucket = await locked();
      const { versionId } = await world.put(bucket, 'key');
      const attempt = (retention: VersionAttributes['retention'], bypassGovernance = false) =>
        faultOf(update(bucket, { retention }, { versionId, bypassGovernance }));
      expect(await attempt(governance(DAY))).toBe('none');
      expect(await attempt(governance(2 * DAY))).toBe('none');
      for (const less of [governance(DAY), compliance(3 * DAY), null]) expect(await attempt(less)).toBe('AccessDenied');
      expect(await attempt(governance(DAY), true)).toBe('none');
      expect(await attempt(null, true)).toBe('none');
      expect(await attempt(compliance(DAY))).toBe('none');
      expect(await attempt(compliance(2 * DAY))).toBe('none');
      for (const less of [compliance(DAY), governance(3 * DAY), null])
        expect(await attempt(less, true)).toBe('AccessDenied');
    });

    it('lets a hold and a deletion at once have one outcome', async () => {
      const bucket = await locked();
      for (let round = 0; round < 20; round += 1) {
        const { versionId } = await world.put(bucket, 'key');
        const hold = () => faultOf(update(bucket, { legalHold: true }, { versionId }));
        const [held, removed] = await (round % 2 === 0
          ? Promise.all([hold(), remove(bucket, versionId, true)])
          : Promise.all([remove(bucket, versionId, true), hold()]).then(([r, h]) => [h, r] as const));
        expect([held, removed]).toSatisfy(
          ([h, r]) => (h === 'none' && r === 'AccessDenied') || (h === 'NoSuchVersion' && r === 'none'),
        );
        const there = (await metadata().version(bucket.id, KEY, versionId)) !== undefined;
        expect(there).toBe(held === 'none');
      }
    });

    it('no longer holds what is over', async () => {
      const bucket = await locked();
      const attributes = { ...PLAIN_ATTRIBUTES, retention: compliance(-1) };
      await world.put(bucket, 'key', { attributes });
      expect(await faultOf(update(bucket, { retention: governance(DAY) }))).toBe('none');
    });
  });
}
