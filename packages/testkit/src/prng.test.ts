import { describe, expect, it } from 'vitest';
import { createPrng } from './prng.ts';

describe('prng', () => {
  // Frozen: a seed printed by a failing run must replay for ever.
  it('gives these numbers', () => {
    const prng = createPrng(42);
    expect([prng.int(1000), prng.int(1000), prng.int(1000)]).toEqual([162, 709, 271]);
    expect(Buffer.from(createPrng('text').bytes(4)).toString('hex')).toBe('5de3e066');
  });

  it('is even', () => {
    const prng = createPrng(7);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 100_000; i += 1) counts[prng.int(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('forks do not shift each other', () => {
    const one = createPrng(1);
    const fork = one.fork('a').next();
    one.next();
    one.fork('b').next();
    expect(one.fork('a').next()).toBe(fork);
    expect(one.fork('b').next()).not.toBe(fork);
  });
});
