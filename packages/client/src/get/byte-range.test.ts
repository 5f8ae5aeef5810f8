import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange, resolveByteRange } from './byte-range.ts';

describe('parseByteRange', () => {
  it.each([
    ['0-9', { first: 0, last: 9 }],
    ['5-5', { first: 5, last: 5 }],
    ['7-', { first: 7, last: undefined }],
    ['-3', { suffix: 3 }],
  ])('reads %s', (text, range) => {
    expect(parseByteRange(text)).toEqual(range);
  });

  it.each(['', '-', '9-1', 'a-b', '1-2-3', ' 1-2', '1.5-3', '0x1-2', '1-99999999999999999'])('refuses %j', (text) => {
    expect(() => parseByteRange(text)).toThrow(/A range is/);
  });

  it('lets nothing but its fault out', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseByteRange(text);
        } catch (error) {
          expect(isFault(error, 'InvalidArgument')).toBe(true);
        }
      }),
    );
  });
});

describe('resolveByteRange', () => {
  it('selects the same bytes as slicing does', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(60), fc.nat(60), (length, a, b) => {
        const bytes = Array.from({ length }, (_, index) => index);
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const cases = [
          { range: { first, last }, expected: bytes.slice(first, last + 1) },
          { range: { first }, expected: bytes.slice(first) },
          { range: { suffix: a }, expected: a === 0 ? [] : bytes.slice(-a) },
        ];
        for (const { range, expected } of cases) {
          if (expected.length === 0) {
            expect(() => resolveByteRange(range, length)).toThrow(/none of them/);
          } else {
            const { start, end } = resolveByteRange(range, length);
            expect(bytes.slice(start, end)).toEqual(expected);
          }
        }
      }),
    );
  });
});
