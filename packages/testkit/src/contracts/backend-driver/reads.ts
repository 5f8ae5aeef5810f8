import type { PhysicalBucketName } from '@sealgate/core/names';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ContractContext, faultCode, never, patternBytes, readAll } from './context.ts';

const BYTES = 1_500_000;

export function describeReads(context: ContractContext): void {
  const { driver, newBucket, traits, subject } = context;
  describe('get', () => {
    const data = patternBytes(BYTES, 77);
    let bucket: PhysicalBucketName;
    beforeAll(async () => {
      bucket = await newBucket();
      await driver().put(bucket, 'b/large', { body: data, bytes: BYTES, signal: never });
      await driver().put(bucket, 'b/empty', { body: new Uint8Array(0), bytes: 0, signal: never });
    });

    it('gives any range', async () => {
      const anyRange = fc
        .tuple(fc.nat(BYTES - 1), fc.oneof(fc.nat(100), fc.nat(BYTES)))
        .map(([start, more]) => ({ start, end: Math.min(start + more, BYTES - 1) }));
      const before = (await subject().openHandles?.()) ?? 0;
      await fc.assert(
        fc.asyncProperty(anyRange, async (range) => {
          const opened = await driver().get(bucket, 'b/large', { signal: never, range });
          expect([opened.bytes, opened.totalBytes]).toEqual([range.end - range.start + 1, BYTES]);
          expect((await readAll(opened)).equals(data.subarray(range.start, range.end + 1))).toBe(true);
        }),
        { numRuns: traits.propertyRuns ?? 60 },
      );
      // One idle connection may wait for the next call.
      await expect
        .poll(async () => (await subject().openHandles?.()) ?? 0, { timeout: 10_000 })
        .toBeLessThanOrEqual(Math.max(before, 1));
    });

    it('gives what there is of a range that ends behind the blob', async () => {
      const range = { start: BYTES - 10, end: BYTES + 10 };
      const opened = await driver().get(bucket, 'b/large', { signal: never, range });
      expect(opened.bytes).toBe(10);
      expect((await readAll(opened)).equals(data.subarray(BYTES - 10))).toBe(true);
    });

    it('says that a copy is too short when a range starts behind it', async () => {
      const behind = { start: BYTES, end: BYTES };
      expect(await faultCode(driver().get(bucket, 'b/large', { signal: never, range: behind }))).toBe('BackendCorrupt');
      const first = { start: 0, end: 0 };
      expect(await faultCode(driver().get(bucket, 'b/empty', { signal: never, range: first }))).toBe('BackendCorrupt');
    });

    it.each([
      { start: -1, end: 5 },
      { start: 5, end: 4 },
      { start: 0.5, end: 4 },
      { start: 0, end: Number.NaN },
    ])('refuses the range %j', async (range) => {
      expect(await faultCode(driver().get(bucket, 'b/large', { signal: never, range }))).toBe('ValidationFailed');
    });

    it('says BlobMissing for what is not there', async () => {
      expect(await faultCode(driver().get(bucket, 'b/nothing', { signal: never }))).toBe('BlobMissing');
      expect(await driver().head(bucket, 'b/nothing', { signal: never })).toBeUndefined();
      const range = { start: 0, end: 3 };
      expect(await faultCode(driver().get(bucket, 'b/nothing', { signal: never, range }))).toBe('BlobMissing');
    });
  });
  describeUnread(context);
}

function describeUnread({ driver, newBucket, subject }: ContractContext): void {
  it('get lets go of everything when a body is destroyed unread', async () => {
    const data = patternBytes(BYTES, 77);
    const bucket = await newBucket();
    await driver().put(bucket, 'b/large', { body: data, bytes: BYTES, signal: never });
    const before = await subject().openHandles?.();
    for (let i = 0; i < 8; i += 1) {
      const { body } = await driver().get(bucket, 'b/large', { signal: never });
      body.destroy();
    }
    await expect
      .poll(async () => (await subject().openHandles?.()) ?? 0, { timeout: 10_000 })
      .toBeLessThanOrEqual(before ?? 0);
    const opened = await driver().get(bucket, 'b/large', { signal: never });
    expect((await readAll(opened)).equals(data)).toBe(true);
  });
}
