import { hash } from 'node:crypto';
import { isFault } from '@sealgate/core/faults';
import type { BlobId } from '@sealgate/core/names';
import { createErasureCodec } from '@sealgate/erasure';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pieceOf } from '../write/frame.ts';
import { stripeGeometry } from './geometry.ts';
import { encodeShardHeader, HEADER_BYTES, parseShardHeader } from './shard-format.ts';
import { createStripeShaper } from './stripe-shaper.ts';

const blobId = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' as BlobId;
const CELL = 64;

function body(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8)) % 256));
}

function shaperOf(k: number, m: number, bytes: number) {
  return createStripeShaper(createErasureCodec(k, m), { blobId, bytes, blockBytes: CELL });
}

async function streamed(k: number, m: number, whole: Buffer, chunkBytes: number) {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < whole.length; at += chunkBytes)
      yield await Promise.resolve(whole.subarray(at, at + chunkBytes));
  }
  const shaper = shaperOf(k, m, whole.length);
  const shards: Buffer[][] = Array.from({ length: k + m }, () => []);
  for await (const frame of shaper.frames(chunks())) {
    for (const [shard, pieces] of shards.entries()) pieces.push(pieceOf(frame, shard));
  }
  return { shards: shards.map((pieces) => Buffer.concat(pieces)), digests: shaper.digests() };
}

// Computed by another program, from docs/spec/erasure-shards.md alone.
test('a frozen shard: the format never changes under its version', () => {
  const shaper = shaperOf(2, 1, 150);
  const shards = shaper.whole(body(150));
  const digests = [0, 1, 2].map((shard) => hash('sha256', pieceOf(shards, shard)));
  expect(digests).toEqual([
    'a4378a2dc78b5dbfa07556ffe0a38b8dd3e5c935cbe3f939de6641e7c1037989',
    'a0fc68eeb6cb8098452da7042d9d0d6d313cefae52e5563cd63ff89b1a9af5a0',
    '6abc41e063ab6be27f195ab24e50d08b12cea84d18ea9f80c9ba1ff6b0a3d2cb',
  ]);
  expect(encodeShardHeader({ blobId, bytes: 150, k: 2, m: 1, shard: 2, cellBytes: CELL }).toString('hex')).toBe(
    '534753480102010206000000000000000190a1b2c3d47e5f8a9b0c1d2e3f4a5b00000000000000960000000000000000d47c5661b6d8d4e986f21e586671f6ee',
  );
});

test('streamed or whole, in whatever chunks, the shards are the same and as long as the geometry says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        k: fc.integer({ min: 1, max: 6 }),
        m: fc.integer({ min: 0, max: 4 }),
        bytes: fc.integer({ min: 0, max: 2000 }),
        chunkBytes: fc.integer({ min: 1, max: 700 }),
      }),
      async ({ k, m, bytes, chunkBytes }) => {
        const content = body(bytes);
        const shaper = shaperOf(k, m, bytes);
        const whole = shaper.whole(content);
        const { shards, digests } = await streamed(k, m, content, chunkBytes);
        const geometry = stripeGeometry({ kind: 'erasure', k, m, stripeBytes: k * CELL }, bytes, CELL);
        expect(digests.equals(shaper.digests())).toBe(true);
        for (const [shard, pieces] of shards.entries()) {
          expect(pieces.equals(pieceOf(whole, shard))).toBe(true);
          expect(pieces.length).toBe(geometry.shardBytes);
          for (let stripe = 0; stripe < geometry.stripes; stripe += 1) {
            const at = geometry.cellOffset(stripe);
            const digest = hash('sha256', pieces.subarray(at, at + geometry.cellBytes(stripe)), 'buffer');
            const place = geometry.digestIndex(stripe, shard) * 32;
            expect(digest.equals(digests.subarray(place, place + 32))).toBe(true);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

describe('a header', () => {
  test('says what the shard is', () => {
    const header = { blobId, bytes: 2 ** 45, k: 10, m: 4, shard: 13, cellBytes: 2 ** 20 };
    expect(parseShardHeader(encodeShardHeader(header))).toEqual(header);
  });

  test('that is damaged anywhere, or anything else, is refused and nothing worse', () => {
    const good = encodeShardHeader({ blobId, bytes: 150, k: 2, m: 1, shard: 2, cellBytes: CELL });
    fc.assert(
      fc.property(fc.nat({ max: HEADER_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ change;
        expect(refusal(bad)).toBe('BackendCorrupt');
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => refusal(bytes) === 'BackendCorrupt'));
  });

  function refusal(bytes: Uint8Array): string {
    try {
      parseShardHeader(bytes);
      return 'none';
    } catch (error) {
      return isFault(error) ? error.code : 'not a Fault';
    }
  }
});
