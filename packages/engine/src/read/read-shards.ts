import type { BlobRecord } from '@sealgate/core/ports';
import { type ErasureLayout, stripeGeometry } from '../erasure/geometry.ts';
import type { ReadBlobOptions, ReadDeps } from './read-deps.ts';
import { createStripeSource } from './stripe-source.ts';

/**
 * The bytes `range` of an erasure-coded blob. Of each stripe only the data cells that the range touches are read; parity
 * is read, and cells are computed, only where a data cell cannot be had in time.
 *
 * @throws Fault DataUnavailable when fewer than `k` shards can be read
 */
export async function* readShards(deps: ReadDeps, blob: BlobRecord, options: ReadBlobOptions): AsyncGenerator<Buffer> {
  const { range, signal, bucketId, redundancyClass } = options;
  const geometry = stripeGeometry(blob.layout as ErasureLayout, blob.bytes, blob.blockBytes);
  const { stripeBytes } = geometry;
  const firstStripe = Math.floor(range.start / stripeBytes);
  const lastStripe = Math.floor(range.end / stripeBytes);
  const source = createStripeSource(deps, blob, { bucketId, redundancyClass, firstStripe, lastStripe, signal });
  try {
    for (let stripe = firstStripe; stripe <= lastStripe; stripe += 1) {
      signal.throwIfAborted();
      const at = stripe * stripeBytes;
      const from = Math.max(0, range.start - at);
      const to = Math.min(range.end - at, geometry.dataBytes(stripe) - 1);
      const cellBytes = geometry.cellBytes(stripe);
      const first = Math.floor(from / cellBytes);
      const wanted = Array.from({ length: Math.floor(to / cellBytes) - first + 1 }, (_, index) => first + index);
      let offset = first * cellBytes;
      for (const cell of await source.cells(stripe, wanted)) {
        for (const piece of cell) {
          const shown = piece.subarray(Math.max(0, from - offset), Math.max(0, to - offset + 1));
          offset += piece.length;
          if (shown.length > 0) yield shown;
        }
      }
    }
  } finally {
    source.close();
  }
}
