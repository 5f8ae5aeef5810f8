import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkCopySourceRange,
  formatContentRange,
  formatRange,
  parseCopySourceRange,
  parseRange,
  resolveRange,
} from './range.ts';

describe('a range of ten bytes', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=2-5', 2, 5],
    ['bytes=5-', 5, 9],
    ['bytes=5-100', 5, 9],
    ['bytes=-3', 7, 9],
    ['bytes=-100', 0, 9],
    [' Bytes=2-5 ', 2, 5],
    ['bytes=0-99999999999999999999999', 0, 9],
  ])('%s', (header, start, end) => {
    const range = parseRange(header);
    expect(range && resolveRange(range, 10)).toEqual({ start, end });
  });

  test.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=a-b',
    'bytes=1',
    'bytes=--1',
  ])('%s means the whole object', (header) => {
    expect(parseRange(header)).toBeUndefined();
  });

  test.each([
    ['bytes=10-', 10],
    ['bytes=10-20', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ])('%s of %i bytes cannot be satisfied', (header, total) => {
    const range = parseRange(header);
    expect(() => range && resolveRange(range, total)).toThrow(
      expect.objectContaining({ code: 'InvalidRange', detail: { RangeRequested: header, ActualObjectSize: total } }),
    );
  });
});

test('a range lies in its object, whatever was asked', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      ),
      fc.nat(),
      (header, total) => {
        const range = parseRange(header);
        if (range === undefined) return;
        expect(parseRange(formatRange(range))).toEqual(range);
        try {
          const { start, end } = resolveRange(range, total);
          expect(start >= 0 && start <= end && end < total).toBe(true);
        } catch (error) {
          expect(isFault(error, 'InvalidRange')).toBe(true);
        }
      },
    ),
  );
});

test('answers', () => {
  expect(formatContentRange({ start: 2, end: 5 }, 10)).toBe('bytes 2-5/10');
});

describe('the range of a copy', () => {
  test('has both ends and lies in the source', () => {
    const range = parseCopySourceRange('bytes=2-9');
    expect(checkCopySourceRange(range, 10)).toEqual({ start: 2, end: 9 });
    expect(() => checkCopySourceRange(range, 9)).toThrow(expect.objectContaining({ code: 'InvalidRange' }));
  });

  test.each(['', 'bytes=2-', 'bytes=-2', 'bytes=5-2', '0-3', 'bytes=0-1,2-3', 'bytes=x-y'])(
    '%j is refused',
    (header) => {
      expect(() => parseCopySourceRange(header)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    },
  );
});
