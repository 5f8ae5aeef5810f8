import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { sourcesFor } from '@sealgate/core/placement';
import type { Backend, BackendPool, BlobRecord } from '@sealgate/core/ports';
import { type ErasureLayout, stripeGeometry } from '../erasure/geometry.ts';
import { createShardFooter, encodeShardHeader } from '../erasure/shard-format.ts';
import { readBlob } from '../read/read-blob.ts';
import type { ReadDeps } from '../read/read-deps.ts';
import { createStripeSource, joined } from '../read/stripe-source.ts';

interface RebuildOptions {
  readonly bucketId: number;
  /** Where it is to lie: it comes from near that place. */
  readonly target: Backend;
  /** 0 for a copy. */
  readonly shard: number;
  readonly redundancyClass: string;
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
  const near = { ...deps, pool: poolFor(deps.pool, options.target) };
  if (layout.kind === 'erasure') return stream(rebuildShard(near, blob, layout, options), onChunk);
  if (blob.bytes === 0) return Readable.from([]);
  const range = { start: 0, end: blob.bytes - 1 };
  return stream(readBlob(near, blob, { ...options, range }), onChunk);
}

/** The pool that gives backends in the order in which the target is best filled from them. */
function poolFor(pool: BackendPool, target: Backend): BackendPool {
  return {
    ...pool,
    readOrder(ids) {
      const order = pool.readOrder(ids);
      const facts = new Map(pool.all().map((backend) => [backend.id, backend]));
      const unknown = order.filter((id) => !facts.has(id));
      return [
        ...sourcesFor(
          target,
          order.flatMap((id) => facts.get(id) ?? []),
        ),
        ...unknown,
      ];
    },
  };
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
  { bucketId, shard, redundancyClass, signal }: RebuildOptions,
): AsyncGenerator<Buffer> {
  const { blobId, bytes, blockBytes: cellBytes } = blob;
  const { stripes } = stripeGeometry(layout, bytes, cellBytes);
  const header = encodeShardHeader({ blobId, bytes, k: layout.k, m: layout.m, shard, cellBytes });
  const footer = createShardFooter(header);
  yield header;
  const source = createStripeSource(deps, blob, {
    bucketId,
    firstStripe: 0,
    lastStripe: stripes - 1,
    inPoolOrder: true,
    redundancyClass,
    signal,
  });
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
