import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createErasureCodec, SHARDS_MAX } from './codec.ts';
import { plainKernel } from './kernel/plain.ts';
import { createSimdKernel } from './kernel/simd.ts';

/** The same bytes for ever. */
function material(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; block += 1, at += 32) {
    bytes.set(
      createHash('sha256')
        .update(`${seed}:${block}`)
        .digest()
        .subarray(0, length - at),
      at,
    );
  }
  return bytes;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('frozen vectors', () => {
  // Stored shards are read by every later version: these never change.
  it.each([
    [
      2,
      4,
      '000102030405060708090a0b0c0d0e0f',
      ['552fa1dba0da542ea2d8562c572da3d9', 'f6162bcb51b18c6ca545789802e2df3f'],
    ],
  ])('%i+%i', (k, m, text, [first = '', last = '']) => {
    const bytes = Buffer.from(text, 'hex');
    const data = [bytes, Buffer.from(bytes.map((b) => b ^ 0xff))].slice(0, k);
    const parity = createErasureCodec(k, m).encode(data);
    expect([hex(parity[0] ?? bytes), hex(parity.at(-1) ?? bytes)]).toEqual([first, last]);
  });

  it('of 4+2 over 100 001 bytes', () => {
    const data = [0, 1, 2, 3].map((index) => material(`shard ${index}`, 100_001));
    const digest = createHash('sha256');
    for (const parity of createErasureCodec(4, 2).encode(data)) digest.update(parity);
    expect(digest.digest('hex')).toBe('3bf1ad3df308132b783403887675dba29089d10c18510e12cd4f041ce089628d');
  });
});

describe('any k of k+m shards give back all', () => {
  it('for every choice of 2+4', () => {
    const codec = createErasureCodec(2, 4);
    const data = [material('a', 1000), material('b', 1000)];
    const all = [...data, ...codec.encode(data)];
    for (let one = 0; one < 6; one += 1) {
      for (let other = one + 1; other < 6; other += 1) {
        const kept = all.map((shard, index) => (index === one || index === other ? shard : undefined));
        expect(codec.rebuild(kept, [0, 1, 2, 3, 4, 5]).map(hex)).toEqual(all.map(hex));
      }
    }
  });

  it('for random codes, lengths and losses', () => {
    const code = fc.integer({ min: 1, max: SHARDS_MAX - 1 }).chain((k) =>
      fc.record({
        k: fc.constant(k),
        m: fc.integer({ min: 1, max: SHARDS_MAX - k }),
        length: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(16_384, 16_385, 40_000)),
        order: fc.array(fc.double({ noNaN: true }), { minLength: SHARDS_MAX, maxLength: SHARDS_MAX }),
      }),
    );
    fc.assert(
      fc.property(code, ({ k, m, length, order }) => {
        const codec = createErasureCodec(k, m);
        const data = Array.from({ length: k }, (_, index) => material(`${k}.${index}`, length));
        const all = [...data, ...codec.encode(data)];
        const ranked = all.map((_, index) => index).sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
        const lost = new Set(ranked.slice(0, m));
        const rebuilt = codec.rebuild(
          all.map((shard, index) => (lost.has(index) ? undefined : shard)),
          [...lost],
        );
        expect(rebuilt.map(hex)).toEqual([...lost].map((index) => hex(all[index] ?? new Uint8Array())));
      }),
      { numRuns: 60 },
    );
  });
});

it('computes the same with and without SIMD', () => {
  const fast = createSimdKernel();
  expect(fast).toBeDefined();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 0, max: 70_000 }),
      (k, m, length) => {
        const data = Array.from({ length: k }, (_, index) => material(`${index}`, length));
        const [one, other] = [createErasureCodec(k, m, fast), createErasureCodec(k, m, plainKernel)];
        expect(one.encode(data).map(hex)).toEqual(other.encode(data).map(hex));
      },
    ),
    { numRuns: 15 },
  );
});

describe('what is no code, and what is not enough', () => {
  it.each([
    [0, 1],
    [1, -1],
    [1.5, 2],
    [SHARDS_MAX, 1],
  ])('%d+%d is refused', (k, m) => {
    expect(() => createErasureCodec(k, m)).toThrow(RangeError);
  });

  it('too few, too many and unequal shards are refused', () => {
    const codec = createErasureCodec(2, 2);
    const [a, b] = [new Uint8Array(4), new Uint8Array(5)];
    expect(() => codec.encode([a])).toThrow(RangeError);
    expect(() => codec.encode([a, b])).toThrow(RangeError);
    expect(() => codec.rebuild([a, undefined, undefined, undefined], [1])).toThrow(RangeError);
    expect(() => codec.rebuild([a, a], [1])).toThrow(RangeError);
    expect(() => codec.rebuild([a, a, a, a], [7])).toThrow(RangeError);
  });
});
