import { timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, BlobRecord, Clock } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import { digestBlock } from '../write/block-digester.ts';
import type { DigestLists } from './digest-list.ts';
import { createPieceReader, type PieceReader } from './piece-reader.ts';
import { relay } from './relay.ts';
import { type Strip, stripOf } from './strip.ts';

/** One block in the pieces it came in, so that no byte is copied on its way through. */
export type Block = readonly Buffer[];

/** Verified blocks of one blob from one backend, in order, read a little ahead. */
export interface BlockFeed {
  readonly backend: BackendId;
  /** When the backend was asked, on the monotonic clock. */
  readonly askedMs: number;
  /** The same as `block` when it is here and verified already, else undefined. */
  ready(index: number): Block | undefined;
  /**
   * The whole block `index`, verified. Blocks are asked for in ascending order from `firstBlock`; asking again for the
   * newest one gives the same promise. @throws Fault BackendCorrupt, BlobMissing, BackendUnreachable, BackendTimeout
   */
  block(index: number): Promise<Block>;
  /** Ends the call to the backend unless all of it was read. */
  close(): void;
}

interface FeedOptions {
  readonly backend: BackendId;
  /** 0 for a copy. */
  readonly shard: number;
  readonly bucketId: number;
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** Bytes to read ahead of who takes the blocks; by default what one read may. */
  readonly aheadBytes?: number;
  readonly redundancyClass?: string | undefined;
  readonly signal: AbortSignal;
}

interface FeedDeps {
  readonly digests: DigestLists;
  readonly pool: BackendPool;
  readonly physical: PhysicalBuckets;
  readonly limits: EngineLimits;
  readonly clock: Clock;
}

export function openBlockFeed(deps: FeedDeps, blob: BlobRecord, options: FeedOptions): BlockFeed {
  const { firstBlock, lastBlock } = options;
  const stop = relay(options.signal);
  const strip = stripOf(blob, options.shard);
  const source = openSource(deps, strip, { ...options, signal: stop.signal });
  const ahead = Math.max(1, Math.floor((options.aheadBytes ?? deps.limits.readAheadBytes) / blob.blockBytes));
  const queue: Slot[] = [];
  let queuedTo = firstBlock;
  let head = firstBlock;

  const fill = (): void => {
    while (queuedTo <= lastBlock && queuedTo < head + ahead) {
      queue.push(slotOf(verify(source.next(queuedTo), deps.digests.of(blob, strip.digestIndex(queuedTo)))));
      queuedTo += 1;
    }
  };

  const slotAt = (index: number): Slot => {
    // Blocks that were given already: whoever asked for them has them.
    void queue.splice(0, index - head);
    head = index;
    fill();
    const slot = queue[0];
    if (slot === undefined) throw new Fault('InternalError', 'A block was asked for that is not in the range.');
    return slot;
  };

  return {
    backend: options.backend,
    askedMs: deps.clock.monotonic(),
    ready: (index) => slotAt(index).block,
    block: (index) => slotAt(index).verified,
    close() {
      stop.release();
      if (!source.through()) stop.abort(new Fault('OperationAborted', 'The read ended.'));
    },
  };
}

interface Slot {
  readonly verified: Promise<Block>;
  /** Undefined until `verified` has resolved. */
  block: Block | undefined;
}

function slotOf(verified: Promise<Block>): Slot {
  const slot: Slot = { verified, block: undefined };
  verified.then(
    (block) => {
      slot.block = block;
    },
    () => undefined,
  );
  return slot;
}

/** Resolves to the block when its digest is the wanted one. */
async function verify(block: Promise<Block>, digest: Uint8Array | Promise<Uint8Array>): Promise<Block> {
  // A list that cannot be had is found out below; until then it must not count as unhandled.
  if (digest instanceof Promise) digest.catch(() => undefined);
  const pieces = await block;
  const is = digestBlock(pieces);
  const wanted = digest instanceof Promise ? await digest : digest;
  if (is.length !== wanted.length || !timingSafeEqual(is, wanted)) {
    throw new Fault('BackendCorrupt', 'The stored copy is not what was written.');
  }
  return pieces;
}

interface BlockSource {
  /** The bytes of the next block as they came. Calls may be made before earlier ones have resolved, in ascending order. */
  next(index: number): Promise<Block>;
  /** The last block was read and nothing is left of the answer. */
  through(): boolean;
}

/** States: opening -> open, cut into blocks from the first to the last -> through; or failed, for all blocks still to come. */
function openSource(deps: FeedDeps, strip: Strip, options: FeedOptions): BlockSource {
  const startedMs = deps.clock.monotonic();
  let openedMs = startedMs;
  const start = strip.offset(options.firstBlock);
  const end = strip.offset(options.lastBlock) + strip.bytes(options.lastBlock) - 1;
  const opening = openBody(deps, strip, { ...options, start, end }).then((body) => {
    openedMs = deps.clock.monotonic();
    return createPieceReader(body);
  });
  let through = false;
  let before: Promise<unknown> = opening;

  const finish = (body: PieceReader): void => {
    through = true;
    // Nothing is left but the end, which the body still has to see so that its connection can be used again.
    body.finish();
    const bytes = end - start + 1;
    const durationMs = deps.clock.monotonic() - startedMs;
    deps.pool.report(options.backend, {
      kind: 'ok',
      operation: 'get',
      latencyMs: openedMs - startedMs,
      durationMs,
      bytes,
    });
  };

  const read = async (index: number, earlier: Promise<unknown>): Promise<Block> => {
    await earlier;
    const body = await opening;
    const pieces = await body.take(strip.bytes(index));
    if (index === options.lastBlock) finish(body);
    return pieces;
  };

  return {
    next(index) {
      const block = read(index, before);
      before = block;
      return block;
    },
    through: () => through,
  };
}

async function openBody(
  deps: FeedDeps,
  strip: Strip,
  options: FeedOptions & { readonly start: number; readonly end: number },
): Promise<Readable> {
  const { backend, start, end, signal, redundancyClass } = options;
  const driver = deps.pool.driver(backend);
  if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
  const bucket = await deps.physical.find(options.bucketId, backend);
  if (bucket === undefined) throw new Fault('BlobMissing', 'The bucket is not known on the storage location.');
  const whole = start === 0 && end === strip.totalBytes - 1;
  const opened = await driver.get(bucket, strip.key, {
    ...{ signal, redundancyClass },
    ...(whole ? {} : { range: { start, end } }),
  });
  // Between two blocks nobody listens; the next read finds the error, and until then it must not end the process.
  opened.body.on('error', () => undefined);
  if (opened.totalBytes === strip.totalBytes && opened.bytes === end - start + 1) return opened.body;
  opened.body.destroy();
  throw new Fault('BackendCorrupt', 'The stored copy does not have the size it should have.');
}
