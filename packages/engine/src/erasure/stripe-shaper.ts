import { hash } from 'node:crypto';
import type { BlobId } from '@sealgate/core/names';
import type { ErasureCodec } from '@sealgate/erasure';
import type { Shaper } from '../write/shape.ts';
import { type ErasureLayout, stripeGeometry } from './geometry.ts';
import { createShardFooter, encodeShardHeader } from './shard-format.ts';

/** Cuts a blob into shards while it flows: headers, then stripe by stripe, then footers. Holds one stripe at a time. */
export function createStripeShaper(
  codec: ErasureCodec,
  blob: { readonly blobId: BlobId; readonly bytes: number; readonly blockBytes: number },
): Shaper {
  const { k, m } = codec;
  const { blobId, bytes, blockBytes } = blob;
  const layout: ErasureLayout = { kind: 'erasure', k, m, stripeBytes: k * blockBytes };
  const geometry = stripeGeometry(layout, bytes, blockBytes);
  const headers = Array.from({ length: k + m }, (_, shard) =>
    encodeShardHeader({ blobId, bytes, k, m, shard, cellBytes: blockBytes }),
  );
  const footers = headers.map((header) => createShardFooter(header));
  const digests: Buffer[] = [];

  const shards = (stripe: Buffer): Buffer[] => {
    const cellBytes = Math.ceil(stripe.length / k);
    const padded = stripe.length === k * cellBytes ? stripe : Buffer.concat([stripe], k * cellBytes);
    const data = Array.from({ length: k }, (_, cell) => padded.subarray(cell * cellBytes, (cell + 1) * cellBytes));
    const parity = codec.encode(data).map((cell) => Buffer.from(cell.buffer, cell.byteOffset, cell.length));
    const cells = [...data, ...parity];
    for (const [shard, cell] of cells.entries()) {
      const digest = hash('sha256', cell, 'buffer');
      digests.push(digest);
      footers[shard]?.add(digest);
    }
    return cells;
  };

  return {
    layout,
    blockBytes,
    storedBytes: geometry.shardBytes,
    async *frames(source) {
      yield headers;
      for await (const stripe of stripesOf(source, geometry.stripeBytes)) yield shards(stripe);
      yield footers.map((footer) => footer.finish());
    },
    whole(body) {
      const pieces = headers.map((header) => [header]);
      const add = (frame: readonly Buffer[]): void => pieces.forEach((own, shard) => own.push(frame[shard] ?? header0));
      for (let at = 0; at < body.length; at += geometry.stripeBytes) {
        add(shards(body.subarray(at, at + geometry.stripeBytes)));
      }
      add(footers.map((footer) => footer.finish()));
      return pieces.map((own) => Buffer.concat(own));
    },
    saw: () => undefined,
    digests: () => Buffer.concat(digests),
  };
}

const header0 = Buffer.alloc(0);

/** Pieces of exactly `stripeBytes`, the last one shorter. */
async function* stripesOf(source: AsyncIterable<Buffer>, stripeBytes: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + stripeBytes - heldBytes);
      held.push(piece);
      heldBytes += piece.length;
      at += piece.length;
      if (heldBytes < stripeBytes) continue;
      yield joined(held, heldBytes);
      held = [];
      heldBytes = 0;
    }
  }
  if (heldBytes > 0) yield joined(held, heldBytes);
}

function joined(pieces: readonly Buffer[], bytes: number): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, bytes);
}
