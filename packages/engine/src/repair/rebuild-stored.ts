import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BlobRecord } from '@sealgate/core/ports';
import { type ErasureLayout, stripeGeometry } from '../erasure/geometry.ts';
import { createShardFooter, encodeShardHeader } from '../erasure/shard-format.ts';
import { readBlob } from '../read/read-blob.ts';
import type { ReadDeps } from '../read/read-deps.ts';
import { createStripeSource, joined } from '../read/stripe-source.ts';

interface RebuildOptions {
  readonly bucketId: number;
  /** 0 for a copy. */
  readonly shard: number;
  readonly signal: AbortSignal;
}

/** What a backend is to hold of the blob, out of what the other ones hold; verified, and without any key. */
export function rebuildStored(
  deps: ReadDeps,
  blob: BlobRecord,
  options: RebuildOptions,
  onChunk: (chunk: Buffer) => void,
): Readable {
  const { layout } = blob;
  if (layout.kind === 'erasure') return stream(rebuildShard(deps, blob, layout, options), onChunk);
  if (blob.bytes === 0) return Readable.from([]);
  const range = { start: 0, end: blob.bytes - 1 };
  return stream(readBlob(deps, blob, { ...options, range }), onChunk);
}

function stream(chunks: AsyncIterable<Buffer>, onChunk: (chunk: Buffer) => void): Readable {
  return Readable.from(watched(chunks, onChunk), { objectMode: false });
}

async function* watched(chunks: AsyncIterable<Buffer>, onChunk: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onChunk(chunk);
    yield chunk;
  }
}

async function* rebuildShard(
  deps: ReadDeps,
  blob: BlobRecord,
  layout: ErasureLayout,
  { bucketId, shard, signal }: RebuildOptions,
): AsyncGenerator<Buffer> {
  const { blobId, bytes, blockBytes: cellBytes } = blob;
  const { stripes } = stripeGeometry(layout, bytes, cellBytes);
  const header = encodeShardHeader({ blobId, bytes, k: layout.k, m: layout.m, shard, cellBytes });
  const footer = createShardFooter(header);
  yield header;
  const source = createStripeSource(deps, blob, { bucketId, firstStripe: 0, lastStripe: stripes - 1, signal });
  try {
    for (let stripe = 0; stripe < stripes; stripe += 1) {
      signal.throwIfAborted();
      const [cell = []] = await source.cells(stripe, [shard]);
      const whole = joined(cell);
      footer.add(hash('sha256', whole, 'buffer'));
      yield whole;
    }
  } finally {
    source.close();
  }
  yield footer.finish();
}
