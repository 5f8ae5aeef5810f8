import { OBJECT_BYTES_MAX, PART_BYTES_MIN, PARTS_MAX, PUT_BYTES_MAX } from '@sealgate/core/limits';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PART_CONCURRENCY_MAX, PART_MEMORY_BYTES, SINGLE_PUT_BYTES_MAX } from '../limits.ts';
import { planUpload } from './plan.ts';

const MIB = 1024 * 1024;
const SEGMENT_BYTES = 65_536;

describe('planUpload', () => {
  it('sends small bodies whole', () => {
    expect(planUpload(0)).toEqual({ kind: 'single' });
    expect(planUpload(SINGLE_PUT_BYTES_MAX)).toEqual({ kind: 'single' });
  });

  it('starts with parts of 8 MiB', () => {
    const plan = planUpload(SINGLE_PUT_BYTES_MAX + 1);
    expect(plan).toEqual({ kind: 'multipart', partBytes: 8 * MIB, concurrency: PART_CONCURRENCY_MAX });
  });

  it('uses parts for an unknown length', () => {
    expect(planUpload(undefined).kind).toBe('multipart');
  });

  it('refuses what S3 cannot hold', () => {
    expect(() => planUpload(OBJECT_BYTES_MAX + 1)).toThrow(/5 TiB/);
  });

  it('always fits the limits of S3, ends parts at segments and keeps memory bounded', () => {
    fc.assert(
      fc.property(fc.integer({ min: SINGLE_PUT_BYTES_MAX + 1, max: OBJECT_BYTES_MAX }), (bodyBytes) => {
        const plan = planUpload(bodyBytes);
        if (plan.kind !== 'multipart') throw new Error('expected parts');
        const { partBytes, concurrency } = plan;
        expect(Math.ceil(bodyBytes / partBytes)).toBeLessThanOrEqual(PARTS_MAX);
        expect(partBytes % SEGMENT_BYTES).toBe(0);
        expect(partBytes).toBeGreaterThanOrEqual(PART_BYTES_MIN);
        expect(partBytes).toBeLessThanOrEqual(PUT_BYTES_MAX);
        expect(concurrency === 1 || concurrency * partBytes <= PART_MEMORY_BYTES).toBe(true);
      }),
    );
  });
});
