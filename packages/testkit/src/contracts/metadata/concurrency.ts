import { parseObjectKey } from '@sealgate/core/names';
import { PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

const RACERS = 32;
const racers = Array.from({ length: RACERS }, (_, index) => index);

export function describeConcurrency(world: World): void {
  const metadata = () => world.metadata();

  describe('races', () => {
    it('lets exactly one of many create a key', async () => {
      const bucket = await world.bucket();
      const outcomes = await Promise.all(
        racers.map(() => faultOf(world.put(bucket, 'key', { preconditions: { ifNoneMatch: '*' } }))),
      );
      expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'PreconditionFailed')).toHaveLength(RACERS - 1);
    });

    it('lets exactly one of many swap an ETag', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'key', { etag: 'start' });
      const swap = (i: number) =>
        faultOf(world.put(bucket, 'key', { etag: `won by ${i}`, preconditions: { ifMatch: 'start' } }));
      const outcomes = await Promise.all(racers.map(swap));
      expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1);
      const won = (await metadata().currentVersion(bucket.id, parseObjectKey('key')))?.etag;
      expect(won).toBe(`won by ${outcomes.indexOf('none')}`);
    });

    it('gives the writers of one key one order, and the last number is the current version', async () => {
      const bucket = await world.bucket('enabled');
      const made = await Promise.all(racers.map(() => world.put(bucket, 'key')));
      const newestFirst = made.map((version) => version.seq).sort((a, b) => (a < b ? 1 : -1));
      expect(new Set(newestFirst).size).toBe(RACERS);
      const page = await metadata().listVersions({
        bucketId: bucket.id,
        prefix: '',
        delimiter: '',
        keyMarker: '',
        limit: 100,
      });
      const byId = new Map(made.map((version) => [version.versionId, version.seq]));
      expect(page.versions.map((version) => byId.get(version.versionId))).toEqual(newestFirst);
      expect(await metadata().currentSeq(bucket.id, parseObjectKey('key'))).toBe(newestFirst[0]);
    });

    it('gives each of many at once an outcome of its own, and a refusal takes nobody along', async () => {
      const [plain, versioned, gone] = [await world.bucket(), await world.bucket('enabled'), await world.bucket()];
      await world.put(plain, 'taken');
      await metadata().deleteBucket(gone.id, actor);
      const givenUp = await world.version(plain, 'given up');
      await metadata().enqueueDeletion({ blobId: givenUp.blobId, bucketId: plain.id, replicas: [] });
      const locked = { ...PLAIN_ATTRIBUTES, legalHold: true };
      const unlucky = [
        await world.version(plain, 'taken', { preconditions: { ifNoneMatch: '*' } }),
        await world.version(plain, 'absent', { preconditions: { ifMatch: '*' } }),
        await world.version(versioned, 'locked', { attributes: locked }),
        await world.version(gone, 'key'),
        givenUp,
      ];
      const refusals = ['PreconditionFailed', 'NoSuchKey', 'InvalidRequest', 'NoSuchBucket', 'Conflict'];
      const lucky = await Promise.all(
        racers.map((index) => world.version(index % 2 === 0 ? plain : versioned, `quote " \\ {,} ${index}`)),
      );
      const mixed = lucky.flatMap((request, index) => [request, ...unlucky.slice(index, index + 1)]);
      const outcomes = await Promise.all(mixed.map((request) => faultOf(metadata().commitVersion(request))));
      expect(outcomes).toEqual(lucky.flatMap((_, index) => ['none', ...refusals.slice(index, index + 1)]));
      for (const { bucketId, key, blobId, etag } of lucky) {
        expect(await metadata().currentVersion(bucketId, key)).toMatchObject({ etag, blob: { blobId } });
      }
      for (const { bucketId, key, blobId } of unlucky) {
        expect((await metadata().currentVersion(bucketId, key))?.blob?.blobId).not.toBe(blobId);
      }
    });

    it('owes the missing copies of each of many at once', async () => {
      const bucket = await world.bucket();
      const places = await world.backends();
      const requests = await Promise.all(
        racers.map((index) =>
          world.version(bucket, `key ${index}`, {
            replicas: replicas(places, 'stored', 'stored', index % 2 === 0 ? 'missing' : 'stored'),
          }),
        ),
      );
      await Promise.all(requests.map((request) => metadata().commitVersion(request)));
      const jobs = await world.repairs.take();
      const owed = new Set(jobs.map(({ blobId }) => blobId));
      expect(requests.map(({ blobId }) => owed.has(blobId))).toEqual(racers.map((index) => index % 2 === 0));
      for (const job of jobs) await world.repairs.done(job);
    });

    it('dooms every version but the last when an unversioned key is overwritten by many', async () => {
      const bucket = await world.bucket();
      const requests = await Promise.all(racers.map(() => world.version(bucket, 'key')));
      await Promise.all(requests.map((request) => metadata().commitVersion(request)));
      const last = (await metadata().currentVersion(bucket.id, parseObjectKey('key')))?.blob?.blobId;
      const due = await world.due();
      expect(requests.filter((request) => !due.has(request.blobId)).map((request) => request.blobId)).toEqual([last]);
    });

    it('never deletes a bucket under a write, nor writes into a deleted bucket', async () => {
      for (let round = 0; round < 10; round += 1) {
        const bucket = await world.bucket();
        const put = faultOf(world.put(bucket, 'key'));
        const remove = faultOf(metadata().deleteBucket(bucket.id, actor));
        const outcomes = await Promise.all([put, remove]);
        expect([
          ['none', 'BucketNotEmpty'],
          ['NoSuchBucket', 'none'],
        ]).toContainEqual(outcomes);
      }
    });

    it('lets one of publishing and giving up win, never both', async () => {
      for (let round = 0; round < 10; round += 1) {
        const bucket = await world.bucket();
        const request = await world.version(bucket, 'key');
        const places = request.replicas.map(({ backend, shard }) => ({ backend, shard }));
        const [published] = await Promise.all([
          faultOf(metadata().commitVersion(request)),
          metadata().enqueueDeletion({ blobId: request.blobId, bucketId: bucket.id, replicas: places }),
        ]);
        expect((await world.due()).has(request.blobId)).toBe(published !== 'none');
      }
    });

    it('completes an upload once however often it is asked to at once', async () => {
      const bucket = await world.bucket('enabled');
      const uploadId = await world.beginUpload(bucket, 'key');
      const part = await world.putPart(bucket, 'key', uploadId, 1);
      const { partNumber, etag, bytes } = part;
      const request = {
        bucketId: bucket.id,
        key: part.key,
        uploadId,
        parts: [{ partNumber, etag }],
        etag: 'e',
        bytes,
        actor,
      };
      const rest = { checksum: null, envelope: null, verdict: null, preconditions: {} };
      const answers = await Promise.all(racers.map(() => metadata().commitUpload({ ...request, ...rest })));
      expect(new Set(answers.map((answer) => answer.versionId)).size).toBe(1);
      const page = await metadata().listVersions({
        bucketId: bucket.id,
        prefix: '',
        delimiter: '',
        keyMarker: '',
        limit: 100,
      });
      expect(page.versions).toHaveLength(1);
    });

    it('gives one part number to one of many, and dooms the others', async () => {
      const bucket = await world.bucket();
      const uploadId = await world.beginUpload(bucket, 'key');
      const parts = await Promise.all(racers.map(() => world.putPart(bucket, 'key', uploadId, 5)));
      const [kept] = await metadata().listParts(uploadId, 0, 10);
      const due = await world.due();
      expect(parts.filter((part) => !due.has(part.blobId)).map((part) => part.blobId)).toEqual([kept?.blobId]);
    });

    it('hands each job and each deletion to one worker', async () => {
      const bucket = await world.bucket();
      for (const index of racers) {
        await world.put(bucket, `key-${index}`);
        await world.remove(bucket, `key-${index}`);
      }
      const leased = await Promise.all([1, 2, 3, 4].map(() => metadata().leaseDeletions(100, 60_000)));
      const blobs = leased.flat().map((deletion) => deletion.blobId);
      expect(new Set(blobs).size).toBe(blobs.length);
    });
  });
}
