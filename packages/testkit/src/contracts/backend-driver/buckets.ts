import type { PhysicalBucketName } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { type ContractContext, faultCode, never, patternBytes } from './context.ts';

export function describeBuckets({ driver, newBucket, unusedBucket }: ContractContext): void {
  describe('buckets', () => {
    const small = { body: patternBytes(10), bytes: 10, signal: never };

    it('makes a bucket once, however often it is asked', async () => {
      const bucket = await newBucket();
      await driver().put(bucket, 'b/kept', small);
      await driver().ensureBucket(bucket, { signal: never });
      await Promise.all([1, 2, 3].map(() => driver().ensureBucket(bucket, { signal: never })));
      expect(await driver().head(bucket, 'b/kept', { signal: never })).toEqual({ bytes: 10 });
    });

    it('removes an empty bucket, and a missing one without complaint', async () => {
      const bucket = await newBucket();
      await driver().put(bucket, 'b/0190a1b2-c3d4-7000-8000-000000000000.0', small);
      await driver().delete(bucket, 'b/0190a1b2-c3d4-7000-8000-000000000000.0', { signal: never });
      await driver().removeBucket(bucket, { signal: never });
      await driver().removeBucket(bucket, { signal: never });
      expect(await faultCode(driver().put(bucket, 'b/x', small))).toBe('BlobMissing');
    });

    it('refuses to remove a bucket with a blob in it', async () => {
      const bucket = await newBucket();
      await driver().put(bucket, 'b/x', small);
      expect(await faultCode(driver().removeBucket(bucket, { signal: never }))).toBe('BackendRefused');
      expect(await driver().head(bucket, 'b/x', { signal: never })).toEqual({ bytes: 10 });
    });

    it('treats a missing bucket as one without blobs', async () => {
      const bucket = unusedBucket();
      expect(await driver().list(bucket, { signal: never, limit: 10 })).toEqual({ blobs: [], truncated: false });
      expect(await driver().head(bucket, 'b/x', { signal: never })).toBeUndefined();
      expect(await faultCode(driver().get(bucket, 'b/x', { signal: never }))).toBe('BlobMissing');
      await driver().delete(bucket, 'b/x', { signal: never });
      expect(await faultCode(driver().put(bucket, 'b/x', small))).toBe('BlobMissing');
    });

    it.each(['..', '.', '', 'a', '../up', 'a/b', 'UPPER', 'x'.repeat(64), 'a..b', '.hidden', 'a\0b', 'ünï'])(
      'refuses the bucket name %j',
      async (name) => {
        const bucket = name as PhysicalBucketName;
        expect(await faultCode(driver().ensureBucket(bucket, { signal: never }))).toBe('ValidationFailed');
        expect(await faultCode(driver().put(bucket, 'b/x', small))).toBe('ValidationFailed');
        expect(await faultCode(driver().get(bucket, 'b/x', { signal: never }))).toBe('ValidationFailed');
        expect(await faultCode(driver().list(bucket, { signal: never, limit: 1 }))).toBe('ValidationFailed');
        expect(await faultCode(driver().removeBucket(bucket, { signal: never }))).toBe('ValidationFailed');
      },
    );

    it.each(['..', '.', '../other-bucket/b/x', 'b/../../other-bucket/x', 'b/./x', 'b/..'])(
      'lets the key %j lead nowhere',
      async (key) => {
        const bucket = await newBucket();
        expect(await faultCode(driver().put(bucket, key, small))).toBe('ValidationFailed');
        expect(await faultCode(driver().get(bucket, key, { signal: never }))).toBe('ValidationFailed');
        expect(await faultCode(driver().head(bucket, key, { signal: never }))).toBe('ValidationFailed');
        expect(await faultCode(driver().delete(bucket, key, { signal: never }))).toBe('ValidationFailed');
      },
    );

    it('answers a ping', async () => {
      const { ok, latencyMs } = await driver().ping({ signal: never });
      expect(ok).toBe(true);
      expect(latencyMs).toBeGreaterThanOrEqual(0);
    });
  });
}
