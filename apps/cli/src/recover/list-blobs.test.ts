import { randomUUID } from 'node:crypto';
import { createS3Driver } from '@sealgate/backends/s3';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import { createFakeS3, type FakeS3 } from '@sealgate/testkit/fake-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBlobs } from './list-blobs.ts';
import type { PlacedBucket } from './places.ts';
import { openWorkFile } from './work-file.ts';

const user = { accessKeyId: 'AKID', secretAccessKey: 'secret', owner: 'us' };
const region = 'eu-test-1';
const bucket = 's3gw-0123456789abcdef-one' as PhysicalBucketName;
/** More than two pages of a listing. */
const BLOBS = 2300;

describe('what an S3 endpoint holds', () => {
  let fake: FakeS3;
  const { signal } = new AbortController();
  const warnings: string[] = [];

  beforeEach(async () => {
    warnings.length = 0;
    fake = await createFakeS3({ users: [user], region });
    const data = Buffer.alloc(0);
    const keys = Array.from({ length: BLOBS }, (_, index) => `b/${randomUUID()}.${index % 6}`);
    const version = { versionId: 'null', data, etag: '', modifiedAtMs: 0, legalHold: false };
    const objects = new Map([...keys, 'r/other', 'other'].map((key) => [key, [version]]));
    fake.buckets.set(bucket, { owner: user.owner, objectLock: false, versioning: 'off', objects, uploads: new Map() });
  });
  afterEach(() => fake.close());

  const found = async (timeoutMs = 10_000): Promise<number> => {
    const credentials = { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey };
    const driver = createS3Driver({ endpoint: fake.endpoint, region, addressing: 'path', credentials });
    const place: PlacedBucket = { id: 'place-0' as BackendId, source: fake.endpoint, driver, bucket, timeoutMs };
    const work = openWorkFile(':memory:');
    try {
      let count = 0;
      const counting = {
        inTransaction: <T>(run: () => T): T => work.inTransaction(run),
        addBlobs: (id: BackendId, blobs: Parameters<typeof work.addBlobs>[1]) => {
          count += blobs.length;
          work.addBlobs(id, blobs);
        },
      };
      await listBlobs(counting, [place], { signal, warn: (text) => void warnings.push(text) });
      return count;
    } finally {
      work.close();
      await driver.close();
    }
  };
  const listings = () => fake.requests.filter((line) => line.includes('list-type=2')).length;

  it('is listed page by page to its end', async () => {
    expect(await found()).toBe(BLOBS);
    expect([listings(), warnings]).toEqual([3, []]);
  });

  it('counts as far as it could be listed, which is told', async () => {
    const answer = { kind: 'answer', status: 403, code: 'AccessDenied' } as const;
    fake.trouble.add({ target: /start-after|continuation/, trouble: answer });
    expect(await found()).toBe(1000);
    expect(warnings).toEqual([expect.stringContaining(`${bucket} cannot be listed to its end`)]);
    fake.trouble.clear();
    fake.trouble.add({ target: /list-type=2/, trouble: { kind: 'stall-answer' } });
    expect(await found(300)).toBe(0);
    expect(warnings.at(-1)).toContain('it did not answer in time');
  });
});
