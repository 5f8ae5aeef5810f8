import { newBlobId, parseObjectKey } from '@sealgate/core/names';
import {
  type BlobRecord,
  type Bucket,
  type CommitVersion,
  type DeleteObject,
  PLAIN_ATTRIBUTES,
} from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

const DAY_MS = 24 * 60 * 60_000;

export function describeObjects(world: World): void {
  const metadata = () => world.metadata();

  describe('objects', () => {
    it('gives back everything that was committed', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'ключ/ /+%☃\u{10ffff}', fullVersion);
      const committed = await metadata().commitVersion(request);
      const found = await metadata().currentVersion(bucket.id, request.key);
      const { blobId, layout, blockBytes, bytes, digests, replicas: places } = request;
      expect(found).toEqual({
        ...fullVersion,
        bucketId: bucket.id,
        key: request.key,
        seq: committed.seq,
        versionId: 'null',
        deleteMarker: false,
        etag: request.etag,
        modifiedAtMs: committed.modifiedAtMs,
        blob: {
          blobId,
          layout,
          blockBytes,
          bytes,
          digests: expect.anything() as Uint8Array,
          replicas: places,
        } satisfies BlobRecord,
        attributes: PLAIN_ATTRIBUTES,
        parts: 0,
      });
      expect(Buffer.from(found?.blob?.digests ?? []).equals(digests)).toBe(true);
      expect(Math.abs(committed.modifiedAtMs - world.now())).toBeLessThan(60_000);
      expect(committed.versioned).toBe(false);
    });

    it('keeps what is absent absent', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'plain');
      const found = await metadata().currentVersion(bucket.id, parseObjectKey('plain'));
      expect(found).toMatchObject({ headers: {}, checksum: null, envelope: null, verdict: null, tags: null });
    });

    it.each(['0123', 'd41d8cd98f00b204e9800998ecf8427e-10000', 'D41D8CD98F00B204E9800998ECF8427E', 'é', ''])(
      'keeps the ETag %j as it is',
      async (etag) => {
        const bucket = await world.bucket();
        await world.put(bucket, 'key', { etag });
        expect((await metadata().currentVersion(bucket.id, parseObjectKey('key')))?.etag).toBe(etag);
      },
    );

    it('reads a long digest list in slices', async () => {
      const bucket = await world.bucket();
      const digests = Uint8Array.from({ length: 32 * 1000 }, (_, i) => (i * 7) % 251);
      const request = await world.version(bucket, 'long', { digests, bytes: 65_536_000 });
      await metadata().commitVersion(request);
      expect(Buffer.from(await metadata().readDigests(request.blobId, 0, 1000))).toEqual(Buffer.from(digests));
      const slice = await metadata().readDigests(request.blobId, 998, 5);
      expect(Buffer.from(slice)).toEqual(Buffer.from(digests.subarray(998 * 32)));
      expect((await metadata().readDigests(world.blobId(), 0, 1)).length).toBe(0);
    });

    it('replaces the version of an unversioned bucket and dooms its blob', async () => {
      const bucket = await world.bucket();
      const old = await world.version(bucket, 'key');
      const first = await metadata().commitVersion(old);
      expect(await world.due()).not.toContain(old.blobId);
      const second = await world.put(bucket, 'key');
      expect(second.seq).toBeGreaterThan(first.seq);
      expect((await metadata().currentVersion(bucket.id, old.key))?.seq).toBe(second.seq);
      expect(await metadata().currentSeq(bucket.id, old.key)).toBe(second.seq);
      expect((await world.due()).get(old.blobId)).toBe(3);
    });

    it('removes the object of an unversioned bucket, and says so when there is none', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      expect(await world.remove(bucket, 'key')).toEqual({ deleteMarker: false, existed: true });
      expect(await world.remove(bucket, 'key')).toEqual({ deleteMarker: false, existed: false });
      expect(await metadata().currentVersion(bucket.id, request.key)).toBeUndefined();
      expect(await metadata().currentSeq(bucket.id, request.key)).toBeUndefined();
      expect([...(await world.due()).keys()]).toContain(request.blobId);
    });

    it('knows the version of an unversioned bucket as null', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'key');
      expect(await metadata().version(bucket.id, parseObjectKey('key'), 'null')).toMatchObject({ versionId: 'null' });
      expect(await world.remove(bucket, 'key', 'null')).toEqual({
        versionId: 'null',
        deleteMarker: false,
        existed: true,
      });
      expect(await metadata().version(bucket.id, parseObjectKey('key'), 'null')).toBeUndefined();
    });

    it('refuses writes to a bucket that is not there', async () => {
      const bucket = await world.bucket();
      await metadata().deleteBucket(bucket.id, actor);
      expect(await faultOf(world.put(bucket, 'key'))).toBe('NoSuchBucket');
      expect(await faultOf(world.remove(bucket, 'key'))).toBe('NoSuchBucket');
      expect(await faultOf(world.beginUpload(bucket, 'key'))).toBe('NoSuchBucket');
      expect(await metadata().currentVersion(bucket.id, parseObjectKey('key'))).toBeUndefined();
    });

    it('never publishes one attempt twice', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      expect(await faultOf(metadata().commitVersion({ ...request, key: parseObjectKey('other') }))).toBe('Conflict');
      await world.remove(bucket, 'key');
      expect(await faultOf(metadata().commitVersion(request))).toBe('Conflict');
    });

    it('never publishes an attempt that was given up, nor one so old that it may have been swept', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const places = request.replicas.map(({ backend, shard }) => ({ backend, shard }));
      await metadata().enqueueDeletion({ blobId: request.blobId, bucketId: bucket.id, replicas: places });
      expect(await faultOf(metadata().commitVersion(request))).toBe('Conflict');
      const ancient = newBlobId(world.now() - 2 * DAY_MS);
      expect(await faultOf(world.put(bucket, 'key', { blobId: ancient }))).toBe('Conflict');
      expect(await metadata().currentVersion(bucket.id, request.key)).toBeUndefined();
    });
  });

  describePreconditions(world);
}

function describePreconditions(world: World): void {
  const metadata = () => world.metadata();
  const removeMarker = async (bucket: Bucket): Promise<void> => {
    const marker = await metadata().currentVersion(bucket.id, parseObjectKey('key'));
    await world.remove(bucket, 'key', marker?.versionId);
  };

  describe('preconditions', () => {
    it('decides writes by the current version, and a refusal leaves no trace', async () => {
      const bucket = await world.bucket();
      const attempt = (preconditions: CommitVersion['preconditions']) =>
        faultOf(world.put(bucket, 'key', { preconditions, etag: 'aa' }));
      expect(await attempt({ ifMatch: '*' })).toBe('NoSuchKey');
      expect(await attempt({ ifMatch: 'aa' })).toBe('NoSuchKey');
      expect(await metadata().currentVersion(bucket.id, parseObjectKey('key'))).toBeUndefined();
      expect(await attempt({ ifNoneMatch: '*' })).toBe('none');
      expect(await attempt({ ifNoneMatch: '*' })).toBe('PreconditionFailed');
      expect(await attempt({ ifNoneMatch: 'aa' })).toBe('PreconditionFailed');
      expect(await attempt({ ifMatch: 'bb' })).toBe('PreconditionFailed');
      expect(await attempt({ ifMatch: 'aa' })).toBe('none');
      expect(await attempt({ ifMatch: '*' })).toBe('none');
    });

    it('takes a delete marker for nothing', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'key', { etag: 'aa' });
      await world.remove(bucket, 'key');
      expect(await faultOf(world.put(bucket, 'key', { preconditions: { ifMatch: '*' } }))).toBe('NoSuchKey');
      expect(await faultOf(world.put(bucket, 'key', { preconditions: { ifNoneMatch: '*' } }))).toBe('none');
    });

    it('decides deletions', async () => {
      const bucket = await world.bucket();
      const key = parseObjectKey('key');
      const attempt = (ifMatch: string) =>
        faultOf(metadata().deleteObject({ bucketId: bucket.id, key, preconditions: { ifMatch }, actor }));
      expect(await attempt('*')).toBe('NoSuchKey');
      await world.put(bucket, 'key', { etag: 'aa' });
      expect(await attempt('bb')).toBe('PreconditionFailed');
      expect(await attempt('aa')).toBe('none');
      expect(await metadata().currentVersion(bucket.id, key)).toBeUndefined();
    });

    it('finds no object under a delete marker to delete', async () => {
      const bucket = await world.bucket('enabled');
      const key = parseObjectKey('key');
      await world.put(bucket, 'key', { etag: 'aa' });
      const { versionId } = await world.remove(bucket, 'key');
      const attempt = (more: Partial<DeleteObject>) =>
        faultOf(metadata().deleteObject({ bucketId: bucket.id, key, preconditions: { ifMatch: '*' }, actor, ...more }));
      expect(await attempt({})).toBe('PreconditionFailed');
      if (versionId !== undefined) expect(await attempt({ versionId })).toBe('PreconditionFailed');
      await world.remove(bucket, 'key', versionId);
      if (versionId !== undefined) expect(await attempt({ versionId })).toBe('NoSuchKey');
      expect(await attempt({})).toBe('none');
    });

    it.each(['off', 'enabled'] as const)('deletes what is unchanged in size and second (%s)', async (versioning) => {
      const bucket = await world.bucket(versioning);
      const key = parseObjectKey('key');
      const attempt = (unchanged: DeleteObject['unchanged'], versionId?: DeleteObject['versionId']) =>
        faultOf(
          metadata().deleteObject({
            bucketId: bucket.id,
            key,
            preconditions: {},
            ...(unchanged === undefined ? {} : { unchanged }),
            ...(versionId === undefined ? {} : { versionId }),
            actor,
          }),
        );
      expect(await attempt({ bytes: 9, modifiedAtMs: 0 })).toBe('none');
      if (versioning === 'enabled') await removeMarker(bucket);
      const { versionId, modifiedAtMs } = await world.put(bucket, 'key', { bytes: 7 });
      const second = Math.floor(modifiedAtMs / 1000) * 1000;
      for (const named of [undefined, versionId]) {
        expect(await attempt({ bytes: 9 }, named)).toBe('PreconditionFailed');
        expect(await attempt({ modifiedAtMs: second - 1 }, named)).toBe('PreconditionFailed');
        expect(await attempt({ bytes: 7, modifiedAtMs: second + 1000 }, named)).toBe('PreconditionFailed');
      }
      expect(await attempt({ bytes: 7, modifiedAtMs: second }, versionId)).toBe('none');
      expect(await attempt({ bytes: 9 }, versionId)).toBe('none');
      expect(await metadata().currentVersion(bucket.id, key)).toBeUndefined();
    });

    it('compares with the delete marker where that is the newest', async () => {
      const bucket = await world.bucket('enabled');
      const key = parseObjectKey('key');
      const attempt = (bytes: number) =>
        faultOf(metadata().deleteObject({ bucketId: bucket.id, key, preconditions: {}, unchanged: { bytes }, actor }));
      await world.put(bucket, 'key', { bytes: 7 });
      expect(await attempt(7)).toBe('none');
      expect(await attempt(7)).toBe('PreconditionFailed');
      expect(await attempt(0)).toBe('none');
    });

    it('a refused attempt may be given up afterwards', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'key');
      const request = await world.version(bucket, 'key', { preconditions: { ifNoneMatch: '*' } });
      expect(await faultOf(metadata().commitVersion(request))).toBe('PreconditionFailed');
      const places = replicas(await world.backends()).map(({ backend, shard }) => ({ backend, shard }));
      await metadata().enqueueDeletion({ blobId: request.blobId, bucketId: bucket.id, replicas: places });
      expect((await world.due()).get(request.blobId)).toBe(3);
    });
  });
}

const fullVersion = {
  bytes: 123_456,
  redundancyClass: 'ColdArchiveClass',
  headers: { contentType: 'text/plain', cacheControl: 'no-store', user: { a: 'b', 'x-y': '=?UTF-8?Q?=C3=A9?=' } },
  checksum: { algorithm: 'CRC64NVME', value: 'AAECAwQFBgc=', type: 'COMPOSITE' },
  envelope: {
    encryptedKey: '{"jwe":true}',
    keyId: 'urn:k',
    keyVersion: 3,
    keyAlg: 'ECDH-ES+A256KW',
    encryptionAlg: 'SGO1',
  },
  verdict: 'sealed:sgo1',
  tags: { colour: 'blue', '': 'empty' },
} as const;
