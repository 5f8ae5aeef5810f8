import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SealError } from './codes.ts';
import type { BodyLayout } from './layout.ts';
import { segmentOverhead, sgo1 } from './layout.ts';
import { maxPlaintextBytes } from './limits.ts';
import { bodyLength, plainPerSegment, plaintextLengthOf, segmentCount, segmentSpan } from './sizes.ts';

const layout = fc.constantFrom<BodyLayout>(
  sgo1,
  { headerBytes: 128, segmentBytes: 40 },
  { headerBytes: 74, segmentBytes: 33 },
);
const length = fc.oneof(fc.nat(400_000), fc.integer({ min: 0, max: 2 ** 45 }));

describe('sizes of a body', () => {
  it.each([
    [0, 160],
    [1, 161],
    [65_503, 65_663],
    [65_504, 65_664],
    [65_505, 65_697],
    [131_008, 131_200],
    [200_000, 200_256],
    [5_000_000, 5_000_000 + 128 + 32 * 77],
  ])('a plaintext of %i bytes makes a body of %i', (plaintext, body) => {
    expect(bodyLength(plaintext)).toBe(body);
    expect(plaintextLengthOf(body)).toBe(plaintext);
  });

  it('is invertible for every length and layout', () => {
    fc.assert(fc.property(length, layout, (plain, of) => plaintextLengthOf(bodyLength(plain, of), of) === plain));
  });

  it('knows exactly the lengths that exist', () => {
    const small: BodyLayout = { headerBytes: 3, segmentBytes: 36 };
    const lengths = new Set(Array.from({ length: 100 }, (_, plain) => bodyLength(plain, small)));
    for (let body = 0; body < 300; body++) {
      expect(plaintextLengthOf(body, small) !== undefined).toBe(lengths.has(body));
    }
  });

  it('is strictly monotonic', () => {
    fc.assert(fc.property(length, layout, (plain, of) => bodyLength(plain + 1, of) > bodyLength(plain, of)));
  });

  it('has one segment at least and no empty one behind another', () => {
    fc.assert(
      fc.property(length, layout, (plain, of) => {
        const final = bodyLength(plain, of) - of.headerBytes - of.segmentBytes * (segmentCount(plain, of) - 1);
        return final >= segmentOverhead + (plain === 0 ? 0 : 1) && final <= of.segmentBytes;
      }),
    );
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a length', (plain) => {
    expect(() => bodyLength(plain)).toThrow(SealError);
    expect(plaintextLengthOf(plain)).toBeUndefined();
  });

  it('ends at the limit', () => {
    expect(plaintextLengthOf(bodyLength(maxPlaintextBytes))).toBe(maxPlaintextBytes);
    expect(() => bodyLength(maxPlaintextBytes + 1)).toThrow(SealError);
    expect(plaintextLengthOf(bodyLength(maxPlaintextBytes) + 1)).toBeUndefined();
  });
});

describe('ranges', () => {
  const ranges = fc
    .tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(500_000), layout)
    .map(([plain, at, size, of]) => {
      const start = Math.min(plain - 1, Math.floor(at * plain));
      return { plain, of, start, end: Math.min(plain, start + 1 + size) };
    });

  it('covers the range with whole segments, and no segment more', () => {
    fc.assert(
      fc.property(ranges, ({ plain, of, start, end }) => {
        const span = segmentSpan({ start, end }, plain, of);
        const per = plainPerSegment(of);
        expect(span.skip).toBe(start - span.firstSegment * per);
        expect(span.skip).toBeLessThan(per);
        expect(span.endSegment * per).toBeGreaterThanOrEqual(end);
        expect((span.endSegment - 1) * per).toBeLessThan(end);
        expect((span.bodyStart - of.headerBytes) % of.segmentBytes).toBe(0);
        expect(span.bodyEnd).toBeLessThanOrEqual(bodyLength(plain, of));
        const isTail = span.endSegment === segmentCount(plain, of);
        expect(span.bodyEnd).toBe(isTail ? bodyLength(plain, of) : of.headerBytes + span.endSegment * of.segmentBytes);
      }),
    );
  });

  it.each([
    { start: 0, end: 0 },
    { start: 5, end: 4 },
    { start: -1, end: 3 },
    { start: 0, end: 11 },
    { start: 10, end: 11 },
    { start: 0.5, end: 2 },
  ])('refuses %o of 10 bytes', (range) => {
    expect(() => segmentSpan(range, 10)).toThrow(expect.objectContaining({ code: 'range-not-satisfiable' }));
  });
});
