import { timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, BlobRecord, Clock } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import { blobKey } from '../write/blob-key.ts';
import { digestBlock } from '../write/block-digester.ts';
import type { DigestList } from './digest-list.ts';

/** Verified blocks of one blob from one backend, in order, read a little ahead. */
export interface BlockFeed {
  readonly backend: BackendId;
  /**
   * The whole block `index`, verified. Blocks are asked for in ascending order from `firstBlock`; asking again for the
   * newest one gives the same promise. @throws Fault BackendCorrupt, BlobMissing, BackendUnreachable, BackendTimeout
   */
  block(index: number): Promise<Uint8Array>;
  close(): void;
}

interface FeedOptions {
  readonly backend: BackendId;
  readonly bucketId: number;
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly digests: DigestList;
  readonly signal: AbortSignal;
}

interface FeedDeps {
  readonly pool: BackendPool;
  readonly physical: PhysicalBuckets;
  readonly limits: EngineLimits;
  readonly clock: Clock;
}

export function openBlockFeed(deps: FeedDeps, blob: BlobRecord, options: FeedOptions): BlockFeed {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const raw = rawBlocks(deps, blob, { ...options, signal });
  const ahead = Math.max(1, Math.floor(deps.limits.readAheadBytes / blob.blockBytes));
  const queue: Promise<Uint8Array>[] = [];
  let queuedTo = options.firstBlock;
  let head = options.firstBlock;

  const fill = (): void => {
    while (queuedTo <= options.lastBlock && queuedTo < head + ahead) {
      const verified = verify(raw, queuedTo, options.digests);
      verified.catch(() => undefined);
      queue.push(verified);
      queuedTo += 1;
    }
  };

  return {
    backend: options.backend,
    block(index) {
      // Blocks that were given already: whoever asked for them has their promises.
      void queue.splice(0, index - head);
      head = index;
      fill();
      const block = queue[0];
      if (block === undefined) throw new Fault('InternalError', 'A block was asked for that is not in the range.');
      return block;
    },
    close() {
      stop.abort(new Fault('OperationAborted', 'The read ended.'));
      void raw.return(undefined).catch(() => undefined);
    },
  };
}

/** Takes the next raw block (generators answer queued calls in order) and checks it; the check may run beside others. */
async function verify(raw: AsyncGenerator<RawBlock>, index: number, digests: DigestList): Promise<Uint8Array> {
  const [next, wanted] = await Promise.all([raw.next(), digests.of(index)]);
  if (next.done === true) throw new Fault('BackendCorrupt', 'The stored copy is shorter than it should be.');
  const { pieces, bytes } = next.value;
  const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes);
  const digest = await digestBlock([whole], bytes);
  if (digest.length !== wanted.length || !timingSafeEqual(digest, wanted)) {
    throw new Fault('BackendCorrupt', 'The stored copy is not what was written.');
  }
  return whole;
}

interface RawBlock {
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
}

async function* rawBlocks(deps: FeedDeps, blob: BlobRecord, options: FeedOptions): AsyncGenerator<RawBlock> {
  const driver = deps.pool.driver(options.backend);
  if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
  const bucket = await deps.physical.find(options.bucketId, options.backend);
  if (bucket === undefined) throw new Fault('BlobMissing', 'The bucket is not known on the storage location.');
  const start = options.firstBlock * blob.blockBytes;
  const end = Math.min((options.lastBlock + 1) * blob.blockBytes, blob.bytes) - 1;
  const whole = start === 0 && end === blob.bytes - 1;
  const startedMs = deps.clock.monotonic();
  const opened = await driver.get(bucket, blobKey(blob.blobId, 0), {
    signal: options.signal,
    ...(whole ? {} : { range: { start, end } }),
  });
  try {
    if (opened.totalBytes !== blob.bytes) {
      throw new Fault('BackendCorrupt', 'The stored copy does not have the size it should have.');
    }
    const latencyMs = deps.clock.monotonic() - startedMs;
    yield* cutBlocks(opened.body as AsyncIterable<Uint8Array>, blob.blockBytes, end - start + 1);
    const durationMs = deps.clock.monotonic() - startedMs;
    deps.pool.report(options.backend, { kind: 'ok', operation: 'get', latencyMs, durationMs, bytes: end - start + 1 });
  } finally {
    opened.body.destroy();
  }
}

async function* cutBlocks(
  body: AsyncIterable<Uint8Array>,
  blockBytes: number,
  totalBytes: number,
): AsyncGenerator<RawBlock> {
  let pieces: Uint8Array[] = [];
  let filled = 0;
  let given = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const want = Math.min(blockBytes, totalBytes - given) - filled;
      if (want <= 0) throw new Fault('BackendCorrupt', 'The stored copy is longer than it should be.');
      const piece = chunk.subarray(at, at + want);
      pieces.push(piece);
      filled += piece.length;
      at += piece.length;
      if (piece.length === want) {
        yield { pieces, bytes: filled };
        given += filled;
        pieces = [];
        filled = 0;
      }
    }
  }
}
