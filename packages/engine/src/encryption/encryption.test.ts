import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasEncryptedSize } from './decrypt-range.ts';
import { encryptedBytes, SEGMENT_BYTES, SEGMENT_PLAIN_BYTES, segmentCount } from './layout.ts';
import { bodyOf, countingRandom, decrypted, encrypted, keyOf } from './testing.ts';

const P = SEGMENT_PLAIN_BYTES;
/** Sizes around the edges of segments, and anything between. */
const sizes = fc.oneof(
  fc.constantFrom(0, 1, P - 1, P, P + 1, 2 * P - 1, 2 * P, 2 * P + 1),
  fc.integer({ min: 0, max: 3 * P }),
);
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })), { maxLength: 8 });
const source = randomBytes(3 * P + 1);
const whole = (bytes: number) => ({ start: 0, end: bytes - 1 });

describe('encryption at the gateway', () => {
  it('gives the plaintext back, whole and any range of it, however chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, cuts, cuts, fc.nat(), fc.nat(), fc.nat(10_000), async (size, cutA, cutB, a, b, part) => {
        const plain = source.subarray(0, size);
        const blob = { dataKey: keyOf(1), part, plainBytes: size };
        const bytes = await encrypted(bodyOf(plain, cutA), { dataKey: keyOf(1), part, random: randomBytes });
        expect(bytes.length).toBe(encryptedBytes(size));
        expect(hasEncryptedSize(bytes.length, size)).toBe(true);
        expect((await decrypted(blob, whole(size), { bytes, cuts: cutB })).equals(plain)).toBe(true);
        if (size === 0) return;
        const [start = 0, end = 0] = [a % size, b % size].sort((x, y) => x - y);
        const range = await decrypted(blob, { start, end }, { bytes, cuts: cutB });
        expect(range.equals(plain.subarray(start, end + 1))).toBe(true);
      }),
    );
  });

  it('reads only the segments that hold a range', async () => {
    const bytes = await encrypted(bodyOf(source.subarray(0, 3 * P)), {
      dataKey: keyOf(1),
      part: 0,
      random: randomBytes,
    });
    // What is wrong elsewhere does not matter to a range that does not touch it.
    bytes.fill(0, 0, SEGMENT_BYTES).fill(0, 2 * SEGMENT_BYTES);
    const got = await decrypted(
      { dataKey: keyOf(1), part: 0, plainBytes: 3 * P },
      { start: P, end: 2 * P - 1 },
      { bytes },
    );
    expect(got.equals(source.subarray(P, 2 * P))).toBe(true);
  });

  it('holds nothing of the plaintext and never gives the same bytes twice', async () => {
    const plain = Buffer.from('FIND ME IF YOU CAN '.repeat(20));
    const options = { dataKey: keyOf(1), part: 1, random: randomBytes };
    const [one, two] = [await encrypted(bodyOf(plain), options), await encrypted(bodyOf(plain), options)];
    expect(one.includes('FIND ME')).toBe(false);
    expect(one.equals(two)).toBe(false);
    expect(one.subarray(0, 12).equals(two.subarray(0, 12))).toBe(false);
  });

  it('tells of the plaintext what is true of it', async () => {
    const body = bodyOf(Buffer.from('plain'));
    expect((await body.facts()).md5).toEqual(createHash('md5').update('plain').digest());
  });

  it('fails when the body is not as long as it said', async () => {
    const options = { dataKey: keyOf(1), part: 0, random: randomBytes };
    for (const bytes of [4, 6]) {
      const wrong = encrypted({ ...bodyOf(Buffer.from('plain')), bytes }, options);
      await expect(wrong).rejects.toMatchObject({ code: 'IncompleteBody' });
    }
  });
});

describe('what is stored, changed', () => {
  const plain = source.subarray(0, 2 * P + 100);
  const blob = { dataKey: keyOf(1), part: 2, plainBytes: plain.length };
  const stored = encrypted(bodyOf(plain), { dataKey: keyOf(1), part: 2, random: randomBytes });
  const reading = (bytes: Buffer, of = blob) => decrypted(of, whole(of.plainBytes), { bytes });
  const refused = { code: 'InternalError' };

  it('in any byte', async () => {
    const bytes = await stored;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        await expect(reading(changed)).rejects.toMatchObject(refused);
      }),
      { numRuns: 40 },
    );
  });

  it('by cutting segments off its end, with the size that goes with it', async () => {
    const bytes = await stored;
    for (const segments of [1, 2]) {
      const shorter = { ...blob, plainBytes: segments * P };
      await expect(reading(bytes.subarray(0, segments * SEGMENT_BYTES), shorter)).rejects.toMatchObject(refused);
    }
    for (const length of [0, 11, 27, SEGMENT_BYTES, bytes.length - 1]) {
      await expect(reading(bytes.subarray(0, length))).rejects.toMatchObject(refused);
    }
  });

  it('by another order of its segments, or one in the place of another', async () => {
    const bytes = await stored;
    const [a, b, rest] = [
      bytes.subarray(0, SEGMENT_BYTES),
      bytes.subarray(SEGMENT_BYTES, 2 * SEGMENT_BYTES),
      bytes.subarray(2 * SEGMENT_BYTES),
    ];
    await expect(reading(Buffer.concat([b, a, rest]))).rejects.toMatchObject(refused);
    await expect(reading(Buffer.concat([a, a, rest]))).rejects.toMatchObject(refused);
  });

  it('into another part of the same upload, or another object', async () => {
    const bytes = await stored;
    await expect(reading(bytes, { ...blob, part: 1 })).rejects.toMatchObject(refused);
    await expect(reading(bytes, { ...blob, part: 0 })).rejects.toMatchObject(refused);
    await expect(reading(bytes, { ...blob, dataKey: keyOf(2) })).rejects.toMatchObject(refused);
  });
});

describe('frozen vectors', () => {
  /** SHA-256 of what was stored, or the bytes. Made once by another implementation; blobs lie on backends for ever. */
  const vectors: readonly (readonly [name: string, plainBytes: number, part: number, stored: string])[] = [
    ['nothing', 0, 0, '010101010101010101010101a62dff479705fea5dab8be19e19f81e6'],
    ['five bytes of part 3', 5, 3, '0101010101010101010101012daeb812884e23e6308d6837a0842f5fe0bdd3823a'],
    ['two whole segments', 2 * P, 0, '35722680055ff5e7f56b004d1f529913a0f55bd26470c80cd2bb7b0206ded6c8'],
    ['one byte more than a segment', P + 1, 10_000, '91da06f1b2bb596e8fb914ebaeda513d81f531596498c2b7fddf68bc825dad86'],
  ];
  it.each(vectors)('%s', async (_, size, part, expected) => {
    const plain = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251));
    const bytes = await encrypted(bodyOf(plain), { dataKey: keyOf(0x42), part, random: countingRandom() });
    const shown = bytes.length < 64 ? bytes.toString('hex') : createHash('sha256').update(bytes).digest('hex');
    expect(shown).toBe(expected);
    expect(
      (await decrypted({ dataKey: keyOf(0x42), part, plainBytes: size }, whole(size), { bytes })).equals(plain),
    ).toBe(true);
  });
});

it('sizes: a body has a segment more with the first byte that does not fit', () => {
  expect([0, 1, P, P + 1].map(segmentCount)).toEqual([1, 1, 1, 2]);
  expect([0, 1, P, P + 1].map(encryptedBytes)).toEqual([28, 29, SEGMENT_BYTES, SEGMENT_BYTES + 29]);
});
