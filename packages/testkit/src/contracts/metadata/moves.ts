import { type BlobId, parseObjectKey } from '@sealgate/core/names';
import type { Bucket, CommitPart, ObjectVersion, ReplaceBlob } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

const KEY = parseObjectKey('key');

type Target = Pick<ReplaceBlob, 'seq' | 'old'> & Partial<ReplaceBlob>;

async function replacement(world: World, bucket: Bucket, target: Target): Promise<ReplaceBlob> {
  return {
    bucketId: bucket.id,
    key: KEY,
    partNumber: 0,
    blobId: world.blobId(),
    storedBytes: 1000,
    redundancyClass: 'RegionalClass',
    layout: { kind: 'copies' },
    blockBytes: 65_536,
    digests: new Uint8Array(32).fill(9),
    replicas: replicas((await world.backends()).slice(0, 2)),
    actor,
    ...target,
  };
}

async function current(world: World, bucket: Bucket): Promise<ObjectVersion> {
  const version = await world.metadata().currentVersion(bucket.id, KEY);
  if (version === undefined) throw new Error('no version');
  return version;
}

export function describeMoves(world: World): void {
  describeWhole(world);
  describeSegments(world);
  describePurge(world);
}

function describeWhole(world: World): void {
  const metadata = () => world.metadata();

  describe('bytes written anew under another class', () => {
    it('are those of the same version, and the old ones go', async () => {
      const bucket = await world.bucket('enabled');
      const request = await world.version(bucket, 'key', { headers: { contentType: 'a/b' }, tags: { t: '1' } });
      const made = await metadata().commitVersion(request);
      const before = await current(world, bucket);
      const move = await replacement(world, bucket, { seq: made.seq, old: request.blobId });
      expect(await metadata().replaceBlob(move)).toBe(true);
      const { blob, ...after } = await current(world, bucket);
      const { blob: oldBlob, ...same } = before;
      expect(after).toEqual({ ...same, redundancyClass: 'RegionalClass' });
      expect(blob).toMatchObject({ blobId: move.blobId, replicas: move.replicas });
      expect(oldBlob?.blobId).toBe(request.blobId);
      expect(await metadata().version(bucket.id, KEY, made.versionId)).toEqual({ ...after, blob });
      const due = await world.due();
      expect([due.has(request.blobId), due.has(move.blobId)]).toEqual([true, false]);
      const listed = await metadata().listObjects({
        bucketId: bucket.id,
        prefix: '',
        delimiter: '',
        after: '',
        limit: 9,
      });
      expect(listed.objects).toMatchObject([{ redundancyClass: 'RegionalClass', etag: request.etag }]);
    });

    it('stay with the version when it becomes old, current again, and goes', async () => {
      const bucket = await world.bucket('enabled');
      const request = await world.version(bucket, 'key');
      const made = await metadata().commitVersion(request);
      const newer = await world.put(bucket, 'key');
      const first = await replacement(world, bucket, { seq: made.seq, old: request.blobId });
      expect(await metadata().replaceBlob(first)).toBe(true);
      const second = await replacement(world, bucket, { seq: made.seq, old: first.blobId, redundancyClass: 'Third' });
      expect(await metadata().replaceBlob(second)).toBe(true);
      await world.remove(bucket, 'key', newer.versionId);
      expect(await current(world, bucket)).toMatchObject({
        versionId: made.versionId,
        redundancyClass: 'Third',
        blob: { blobId: second.blobId },
      });
      expect((await world.due()).has(second.blobId)).toBe(false);
      await world.put(bucket, 'key');
      await world.remove(bucket, 'key', made.versionId);
      const due = await world.due();
      expect([first.blobId, second.blobId].map((id) => due.has(id))).toEqual([true, true]);
      expect(await metadata().version(bucket.id, KEY, made.versionId)).toBeUndefined();
    });

    it('are refused when the version has other bytes by now', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const made = await metadata().commitVersion(request);
      const move = await replacement(world, bucket, { seq: made.seq, old: request.blobId });
      expect(await metadata().replaceBlob({ ...move, old: world.blobId() })).toBe(false);
      expect(await metadata().replaceBlob({ ...move, seq: made.seq + 1_000_000n })).toBe(false);
      expect(await metadata().replaceBlob({ ...move, partNumber: 1 })).toBe(false);
      await metadata().enqueueDeletion({ blobId: move.blobId, bucketId: bucket.id, replicas: [] });
      expect(await faultOf(metadata().replaceBlob(move))).toBe('Conflict');
      await world.put(bucket, 'key');
      expect(await metadata().replaceBlob({ ...move, blobId: world.blobId() })).toBe(false);
    });

    it('are taken from one of many who bring them at once', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const made = await metadata().commitVersion(request);
      const moves = await Promise.all(
        Array.from({ length: 8 }, () => replacement(world, bucket, { seq: made.seq, old: request.blobId })),
      );
      const outcomes = await Promise.all(moves.map((move) => metadata().replaceBlob(move)));
      expect(outcomes.filter((done) => done)).toHaveLength(1);
      expect((await current(world, bucket)).blob?.blobId).toBe(moves[outcomes.indexOf(true)]?.blobId);
    });

    it('owe what copies they lack', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      const made = await metadata().commitVersion(request);
      const owing = replicas(await world.backends(), 'stored', 'missing');
      const move = await replacement(world, bucket, { seq: made.seq, old: request.blobId, replicas: owing });
      await metadata().replaceBlob(move);
      const taken: BlobId[] = [];
      for (let jobs = await world.repairs.take(100); jobs.length > 0; jobs = await world.repairs.take(100)) {
        taken.push(...jobs.map(({ blobId }) => blobId));
      }
      expect(taken).toContain(move.blobId);
    });
  });
}

async function multipart(world: World, bucket: Bucket): Promise<{ parts: CommitPart[]; uploadId: string }> {
  const uploadId = await world.beginUpload(bucket, 'key');
  const parts = [];
  for (const partNumber of [2, 5]) parts.push(await world.putPart(bucket, 'key', uploadId, partNumber));
  return { parts, uploadId };
}

async function complete(world: World, bucket: Bucket, { parts, uploadId }: Awaited<ReturnType<typeof multipart>>) {
  return await world.metadata().commitUpload({
    bucketId: bucket.id,
    key: KEY,
    uploadId,
    parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
    etag: 'd41d8cd98f00b204e9800998ecf8427e-2',
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    checksum: null,
    envelope: null,
    verdict: null,
    preconditions: {},
    actor,
  });
}

function describeSegments(world: World): void {
  const metadata = () => world.metadata();

  it('a multipart version moves segment by segment, and is of the class when all are', async () => {
    const bucket = await world.bucket('enabled');
    const upload = await multipart(world, bucket);
    const made = await complete(world, bucket, upload);
    const version = await current(world, bucket);
    const settle = () =>
      metadata().settleClass({ bucketId: bucket.id, key: KEY, seq: made.seq, redundancyClass: 'RegionalClass', actor });
    const outside = async () =>
      (await metadata().segmentsOutside(version, 'RegionalClass', 10)).map((segment) => segment.partNumber);
    expect(await outside()).toEqual([2, 5]);
    expect((await metadata().segmentsOutside(version, 'RegionalClass', 1)).map((s) => s.offset)).toEqual([0]);
    const moved: BlobId[] = [];
    for (const { partNumber, blobId: old } of upload.parts) {
      expect(await settle()).toBe(false);
      const move = await replacement(world, bucket, { seq: made.seq, old, partNumber });
      expect(await metadata().replaceBlob({ ...move, partNumber: 0 })).toBe(false);
      expect(await metadata().replaceBlob(move)).toBe(true);
      moved.push(move.blobId);
    }
    expect(await outside()).toEqual([]);
    expect(await settle()).toBe(true);
    expect(await current(world, bucket)).toEqual({ ...version, redundancyClass: 'RegionalClass' });
    const segments = await metadata().readSegments(version, 0, 10);
    expect(segments.map((s) => [s.partNumber, s.offset, s.blob.blobId])).toEqual([
      [2, 0, moved[0]],
      [5, 1000, moved[1]],
    ]);
    const due = await world.due();
    expect(upload.parts.map((part) => due.has(part.blobId))).toEqual([true, true]);
    await world.remove(bucket, 'key', made.versionId);
    const later = await world.due();
    expect(moved.map((id) => later.has(id))).toEqual([true, true]);
    expect(await settle()).toBe(false);
  });
}

function describePurge(world: World): void {
  const metadata = () => world.metadata();
  const purge = async (rememberedMs = 0) => {
    while ((await metadata().purgeUploads({ rememberedMs, limit: 100, actor })) > 0);
  };
  /** Removes the bytes of everything that is due, as the deletion loop does. */
  const sweep = async () => {
    for (const due of await metadata().leaseDeletions(10_000, 0))
      await metadata().finishDeletion(due.blobId, due.replicas);
  };

  describe('uploads that ended', () => {
    it('are forgotten once their time is over and their bytes are gone', async () => {
      const bucket = await world.bucket('enabled');
      const upload = await multipart(world, bucket);
      const made = await complete(world, bucket, upload);
      const again = () => faultOf(complete(world, bucket, upload));
      await sweep();
      await purge();
      const version = await current(world, bucket);
      expect(await metadata().readSegments(version, 0, 10)).toHaveLength(2);
      expect(await again()).toBe('none');
      await world.remove(bucket, 'key', made.versionId);
      await purge();
      expect(await again()).toBe('none');
      await sweep();
      await purge(3_600_000);
      expect(await again()).toBe('none');
      await purge();
      expect(await again()).toBe('NoSuchUpload');
    });

    it('and open ones of buckets that are gone give their bytes back', async () => {
      const bucket = await world.bucket();
      const { parts } = await multipart(world, bucket);
      await metadata().deleteBucket(bucket.id, actor);
      await purge();
      const due = await world.due();
      expect(parts.map((part) => due.has(part.blobId))).toEqual([true, true]);
    });
  });
}
