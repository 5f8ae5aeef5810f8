import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as limits from './limits.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  blockBytesFor,
  OBJECT_BYTES_MAX,
  PART_BYTES_MIN,
  PARTS_MAX,
  PUT_BYTES_MAX,
} from './limits.ts';

describe('limits', () => {
  it('are all positive whole numbers', () => {
    for (const [name, value] of Object.entries(limits)) {
      if (typeof value === 'function') continue;
      expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
    }
  });

  it('let the largest object be uploaded in parts', () => {
    expect(PARTS_MAX * PUT_BYTES_MAX).toBeGreaterThanOrEqual(OBJECT_BYTES_MAX);
    expect(PART_BYTES_MIN).toBeLessThan(PUT_BYTES_MAX);
  });
});

describe('the block size of a digest list', () => {
  it.each([
    [0, 64],
    [1, 64],
    [1024 ** 3, 64],
    [1024 ** 3 + 1, 128],
    [4 * 1024 ** 3, 256],
    [8 * 1024 ** 3, 512],
    [16 * 1024 ** 3, 1024],
    [OBJECT_BYTES_MAX, 1024],
  ])('of %i bytes is %i KiB', (bytes, kib) => {
    expect(blockBytesFor(bytes)).toBe(kib * 1024);
  });

  it('is a power of two within its bounds, never smaller for a larger blob, and keeps lists to 512 KiB up to 16 GiB', () => {
    const sizes = fc.integer({ min: 0, max: 16 * 1024 ** 3 });
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const block = blockBytesFor(a);
        expect(Number.isInteger(Math.log2(block))).toBe(true);
        expect(block).toBeGreaterThanOrEqual(BLOCK_BYTES_MIN);
        expect(block).toBeLessThanOrEqual(BLOCK_BYTES_MAX);
        if (a <= b) expect(block).toBeLessThanOrEqual(blockBytesFor(b));
        expect(Math.ceil(a / block) * 32).toBeLessThanOrEqual(512 * 1024);
      }),
    );
  });
});
