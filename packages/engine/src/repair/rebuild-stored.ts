import { createHash, hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { sourcesFor } from '@sealgate/core/placement';
import type { Backend, BackendPool, BlobRecord, PutBlob } from '@sealgate/core/ports';
import { type ErasureLayout, stripeGeometry } from '../erasure/geometry.ts';
import { createShardFooter, encodeShardHeader } from '../erasure/shard-format.ts';
import { readBlob } from '../read/read-blob.ts';
import type { ReadDeps } from '../read/read-deps.ts';
import { stripOf } from '../read/strip.ts';
import { createStripeSource, joined } from '../read/stripe-source.ts';
import { collectBody } from '../write/body.ts';

interface RebuildOptions {
  readonly bucketId: number;
  /** Where it is to lie: it comes from near that place. */
  readonly target: Backend;
  /** 0 for a copy. */
  readonly shard: number;
  readonly redundancyClass: string;
  readonly signal: AbortSignal;
}

/**
 * What a backend is to hold of the blob, out of what the other ones hold; verified, and without any key. Up to `smallBodyBytes` it is
 * held whole, as a small write is: a driver has less to do with it, and takes a digest only when it needs one.
 * `taken`: whether all of the body was.
 */
export async function rebuildStored(
  deps: ReadDeps,
  blob: BlobRecord,
  options: RebuildOptions,
): Promise<{ readonly blob: Pick<PutBlob, 'body' | 'bytes' | 'bodyMd5'>; readonly taken: () => boolean }> {
  const { totalBytes: bytes } = stripOf(blob, options.shard);
  const chunks = chunksOf({ ...deps, pool: poolFor(deps.pool, options.target) }, blob, options);
  if (bytes <= deps.limits.smallBodyBytes) {
    const body = await collectBody({ bytes, chunks });
    return { blob: { body, bytes, bodyMd5: () => Promise.resolve(hash('md5', body, 'buffer')) }, taken: () => true };
  }
  const md5 = createHash('md5');
  let given = 0;
  const body = Readable.from(
    watched(chunks, (chunk) => {
      md5.update(chunk);
      given += chunk.length;
    }),
    { objectMode: false },
  );
  const taken = (): boolean => given === bytes && body.readableLength === 0;
  return { blob: { body, bytes, bodyMd5: () => Promise.resolve(md5.digest()) }, taken };
}

function chunksOf(deps: ReadDeps, blob: BlobRecord, options: RebuildOptions): AsyncIterable<Buffer> | Buffer[] {
  const { layout } = blob;
  if (layout.kind === 'erasure') return rebuildShard(deps, blob, layout, options);
  return blob.bytes === 0 ? [] : readBlob(deps, blob, { ...options, range: { start: 0, end: blob.bytes - 1 } });
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

async function* watched(
  chunks: AsyncIterable<Buffer> | Buffer[],
  onChunk: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
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
