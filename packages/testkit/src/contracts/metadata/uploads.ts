import { parseObjectKey } from '@sealgate/core/names';
import type { Bucket, CommitPart, CommitUpload } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

const KEY = parseObjectKey('big');

function completion(bucket: Bucket, uploadId: string, parts: readonly CommitPart[]): CommitUpload {
  return {
    bucketId: bucket.id,
    key: KEY,
    uploadId,
    parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
    etag: `d41d8cd98f00b204e9800998ecf8427e-${parts.length}`,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    checksum: null,
    envelope: null,
    verdict: null,
    preconditions: {},
    actor,
  };
}

export function describeUploads(world: World): void {
  const metadata = () => world.metadata();

  async function threeParts(bucket: Bucket) {
    const uploadId = await world.beginUpload(bucket, 'big', { headers: { contentType: 'a/b' }, tags: { t: '1' } });
    const parts = [];
    for (const [partNumber, bytes] of [
      [3, 300],
      [1, 100],
      [7, 50],
    ] as const) {
      parts.push(await world.putPart(bucket, 'big', uploadId, partNumber, { bytes }));
    }
    return { uploadId, parts: parts.sort((a, b) => a.partNumber - b.partNumber) };
  }

  describe('multipart uploads', () => {
    it('remembers an upload as it was begun', async () => {
      const bucket = await world.bucket();
      const envelope = { encryptedKey: 'k', keyId: 'i', keyVersion: 1, keyAlg: 'a', encryptionAlg: 'e' };
      const facts = {
        headers: { user: { a: 'b' } },
        checksumAlgorithm: 'SHA256',
        checksumType: 'COMPOSITE',
        envelope,
      } as const;
      const uploadId = await world.beginUpload(bucket, 'big', facts);
      expect(await metadata().upload(bucket.id, KEY, uploadId)).toMatchObject({
        ...facts,
        uploadId,
        state: 'open',
        tags: null,
      });
      expect(await metadata().upload(bucket.id, parseObjectKey('other'), uploadId)).toBeUndefined();
      expect(await metadata().upload(bucket.id + 1_000_000, KEY, uploadId)).toBeUndefined();
    });

    it('keeps the manifest that comes with the completion beside the headers that came before', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      await metadata().commitUpload({ ...completion(bucket, uploadId, parts), manifest: 'a.b.c' });
      const version = await metadata().currentVersion(bucket.id, KEY);
      expect(version?.headers).toEqual({ contentType: 'a/b', manifest: 'a.b.c' });
    });

    it('lists parts by number, and a part put again replaces the old one', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      const old = parts[1];
      const checksum = { algorithm: 'SHA1', value: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=', type: 'FULL_OBJECT' } as const;
      const backends = await world.backends();
      const next = await world.putPart(bucket, 'big', uploadId, 3, {
        checksum,
        inspection: 'sgo1 head',
        replicas: replicas(backends, 'stored', 'pending'),
      });
      const listed = await metadata().listParts(uploadId, 0, 10);
      expect(listed.map((part) => part.partNumber)).toEqual([1, 3, 7]);
      expect(listed[1]).toMatchObject({
        etag: next.etag,
        blobId: next.blobId,
        checksum,
        inspection: 'sgo1 head',
        bytes: 1000,
        storedOn: [backends[0].id, backends[2].id],
      });
      expect((await metadata().listParts(uploadId, 1, 1)).map((part) => part.partNumber)).toEqual([3]);
      expect([...(await world.due()).keys()]).toContain(old?.blobId);
    });

    it('publishes the listed parts as one version, with offsets, and dooms the others', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      const [first, second, dropped] = parts;
      if (first === undefined || second === undefined || dropped === undefined) throw new Error('three parts');
      const committed = await metadata().commitUpload(completion(bucket, uploadId, [first, second]));
      const version = await metadata().currentVersion(bucket.id, KEY);
      expect(version).toMatchObject({
        seq: committed.seq,
        bytes: 400,
        parts: 2,
        blob: null,
        headers: { contentType: 'a/b' },
      });
      expect(version?.tags).toEqual({ t: '1' });
      if (version === undefined) throw new Error('published');
      const shape = (segments: Awaited<ReturnType<typeof readAll>>) =>
        segments.map((s) => [s.partNumber, s.offset, s.blob.bytes]);
      const readAll = (offset: number, limit = 10) => metadata().readSegments(version, offset, limit);
      expect(shape(await readAll(0))).toEqual([
        [1, 0, 100],
        [3, 100, 300],
      ]);
      expect(shape(await readAll(99))).toEqual([
        [1, 0, 100],
        [3, 100, 300],
      ]);
      expect(shape(await readAll(100))).toEqual([[3, 100, 300]]);
      expect(shape(await readAll(0, 1))).toEqual([[1, 0, 100]]);
      expect((await metadata().readSegmentOfPart(version, 3))?.blob.blobId).toBe(second.blobId);
      expect(await metadata().readSegmentOfPart(version, 7)).toBeUndefined();
      const partsAfter = async (after: number, limit: number) =>
        (await metadata().readParts(version, after, limit)).map((part) => [part.partNumber, part.bytes]);
      expect(await partsAfter(0, 10)).toEqual([
        [1, 100],
        [3, 300],
      ]);
      expect(await partsAfter(0, 1)).toEqual([[1, 100]]);
      expect(await partsAfter(1, 10)).toEqual([[3, 300]]);
      expect(await partsAfter(3, 10)).toEqual([]);
      const due = await world.due();
      expect([due.has(first.blobId), due.has(second.blobId), due.has(dropped.blobId)]).toEqual([false, false, true]);
      expect(await metadata().upload(bucket.id, KEY, uploadId)).toMatchObject({ state: 'completed' });
    });

    it('answers a repeated completion as the first one, also when the version is gone', async () => {
      const bucket = await world.bucket('enabled');
      const { uploadId, parts } = await threeParts(bucket);
      const request = completion(bucket, uploadId, parts);
      const first = await metadata().commitUpload(request);
      expect(await metadata().commitUpload(request)).toEqual(first);
      await world.remove(bucket, 'big', first.versionId);
      expect(await metadata().commitUpload(request)).toEqual(first);
      expect(await metadata().currentVersion(bucket.id, KEY)).toBeUndefined();
      const other = await faultOf(metadata().commitUpload(completion(bucket, uploadId, parts.slice(0, 1))));
      expect(other).toBe('NoSuchUpload');
    });

    it('refuses lists that do not fit, and the upload stays open', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      const request = completion(bucket, uploadId, parts);
      const attempt = (changes: Partial<CommitUpload>) => faultOf(metadata().commitUpload({ ...request, ...changes }));
      const [first, ...rest] = request.parts;
      if (first === undefined) throw new Error('three parts');
      expect(await attempt({ parts: [] })).toBe('InvalidPartOrder');
      expect(await attempt({ parts: [...rest, first] })).toBe('InvalidPartOrder');
      expect(await attempt({ parts: [first, first] })).toBe('InvalidPartOrder');
      expect(await attempt({ parts: [{ ...first, etag: 'ffff' }, ...rest] })).toBe('InvalidPart');
      expect(await attempt({ parts: [{ partNumber: 2, etag: first.etag }] })).toBe('InvalidPart');
      expect(await attempt({ parts: [{ ...first, checksum: 'AAAA' }, ...rest] })).toBe('InvalidPart');
      expect(await attempt({ bytes: 1 })).toBe('InvalidPart');
      expect(await attempt({ uploadId: 'unknown' })).toBe('NoSuchUpload');
      expect(await attempt({ preconditions: { ifMatch: '*' } })).toBe('NoSuchKey');
      expect(await attempt({})).toBe('none');
    });

    it('keeps the bytes of a multipart version as long as the version', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      await metadata().commitUpload(completion(bucket, uploadId, parts));
      const version = await metadata().currentVersion(bucket.id, KEY);
      await world.put(bucket, 'big');
      const due = await world.due();
      expect(parts.map((part) => due.has(part.blobId))).toEqual([true, true, true]);
      // A reader that began before still finds the segments, until their bytes are gone.
      if (version !== undefined) expect(await metadata().readSegments(version, 0, 10)).toHaveLength(3);
    });

    it('aborts: parts are doomed, and nothing more can be done with the upload', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      await metadata().abortUpload({ bucketId: bucket.id, key: KEY, uploadId, actor });
      const due = await world.due();
      expect(parts.map((part) => due.has(part.blobId))).toEqual([true, true, true]);
      expect(await metadata().upload(bucket.id, KEY, uploadId)).toBeUndefined();
      expect(await metadata().listParts(uploadId, 0, 10)).toEqual([]);
      expect(await faultOf(metadata().abortUpload({ bucketId: bucket.id, key: KEY, uploadId, actor }))).toBe(
        'NoSuchUpload',
      );
      expect(await faultOf(world.putPart(bucket, 'big', uploadId, 1))).toBe('NoSuchUpload');
      expect(await faultOf(metadata().commitUpload(completion(bucket, uploadId, parts)))).toBe('NoSuchUpload');
    });

    it('a completed upload takes no parts and cannot be aborted', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      await metadata().commitUpload(completion(bucket, uploadId, parts));
      expect(await faultOf(world.putPart(bucket, 'big', uploadId, 1))).toBe('NoSuchUpload');
      expect(await faultOf(metadata().abortUpload({ bucketId: bucket.id, key: KEY, uploadId, actor }))).toBe(
        'NoSuchUpload',
      );
    });

    it('ends all uploads of a bucket that is gone', async () => {
      const bucket = await world.bucket();
      const { uploadId, parts } = await threeParts(bucket);
      await metadata().deleteBucket(bucket.id, actor);
      await metadata().abortUploadsOf(bucket.id, bucket.name, actor);
      expect(await metadata().upload(bucket.id, KEY, uploadId)).toBeUndefined();
      expect((await world.due()).has(parts[0]?.blobId ?? world.blobId())).toBe(true);
    });
  });

  describeUploadListing(world);
}

function describeUploadListing(world: World): void {
  describe('listing uploads', () => {
    it('by key and then by time, with delimiter and markers', async () => {
      const bucket = await world.bucket();
      const ids = new Map<string, string>();
      for (const name of ['b/2', 'a', 'b/1', 'c', 'a', 'a']) {
        const uploadId = await world.beginUpload(bucket, name);
        ids.set(uploadId, `${name}.${[...ids.values()].filter((v) => v.startsWith(`${name}.`)).length}`);
      }
      const closed = await world.beginUpload(bucket, 'a');
      await world.metadata().abortUpload({ bucketId: bucket.id, key: parseObjectKey('a'), uploadId: closed, actor });
      const pages = async (prefix: string, delimiter: string, limit: number) => {
        const found: string[][] = [];
        let marker: { keyMarker: string; uploadIdMarker: string } | null = { keyMarker: '', uploadIdMarker: '' };
        while (marker !== null) {
          const page: Awaited<ReturnType<ReturnType<World['metadata']>['listUploads']>> = await world
            .metadata()
            .listUploads({ bucketId: bucket.id, prefix, delimiter, limit, ...marker });
          found.push([...page.uploads.map((upload) => ids.get(upload.uploadId) ?? '?'), ...page.commonPrefixes].sort());
          marker = page.truncated
            ? { keyMarker: page.nextKeyMarker ?? '', uploadIdMarker: page.nextUploadIdMarker ?? '' }
            : null;
        }
        return found;
      };
      expect(await pages('', '', 100)).toEqual([['a.0', 'a.1', 'a.2', 'b/1.0', 'b/2.0', 'c.0']]);
      expect(await pages('', '', 2)).toEqual([
        ['a.0', 'a.1'],
        ['a.2', 'b/1.0'],
        ['b/2.0', 'c.0'],
      ]);
      expect(await pages('', '/', 2)).toEqual([['a.0', 'a.1'], ['a.2', 'b/'], ['c.0']]);
      expect(await pages('b', '/', 1)).toEqual([['b/']]);
      expect(await pages('b/', '/', 1)).toEqual([['b/1.0'], ['b/2.0']]);
      expect(await pages('x', '', 1)).toEqual([[]]);
    });
  });
}
