import { expect, it } from 'vitest';
import { createIdBytes } from './id-bytes.ts';

it('gives every byte of a pool once, and draws a new one when it is used up', () => {
  let drawn = 0;
  const next = createIdBytes((pool) => {
    drawn += 1;
    pool.set(Uint8Array.from({ length: pool.length }, (_, index) => drawn * 100 + index));
  }, 8);
  const given = [next(3), next(3), next(3), next(5), next(8)];
  expect(given.map((bytes) => [...bytes])).toEqual([
    [100, 101, 102],
    [103, 104, 105],
    [200, 201, 202],
    [203, 204, 205, 206, 207],
    [44, 45, 46, 47, 48, 49, 50, 51],
  ]);
  expect(drawn).toBe(3);
});

it('gives bytes that later draws do not change, and no more than a pool at a time', () => {
  const next = createIdBytes(undefined, 8);
  const first = next(8);
  const copy = Buffer.from(first);
  next(8);
  expect(first).toEqual(copy);
  expect(() => next(9)).toThrow(RangeError);
});
