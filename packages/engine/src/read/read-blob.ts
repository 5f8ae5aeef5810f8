import { type Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, BlobRecord, Clock } from '@sealgate/core/ports';
import { type Block, type BlockFeed, openBlockFeed } from './block-feed.ts';
import { hedgeDelay, type ReadBlobOptions, type ReadDeps, unavailable } from './read-deps.ts';
import { readShards } from './read-shards.ts';

/**
 * The bytes `range` of a blob, every block checked against the digest list before any of it goes out. A block that is
 * wrong, late or missing is fetched from another replica, and repair is asked for; the reader sees neither corruption
 * nor a failure while one good replica is left.
 *
 * @throws Fault DataUnavailable when no replica can give a block
 */
export function readBlob(deps: ReadDeps, blob: BlobRecord, options: ReadBlobOptions): AsyncGenerator<Buffer> {
  return blob.layout.kind === 'copies' ? readCopies(deps, blob, options) : readShards(deps, blob, options);
}

async function* readCopies(deps: ReadDeps, blob: BlobRecord, options: ReadBlobOptions): AsyncGenerator<Buffer> {
  const { range, signal } = options;
  const firstBlock = Math.floor(range.start / blob.blockBytes);
  const lastBlock = Math.floor(range.end / blob.blockBytes);
  const source = createBlockSource(deps, blob, { ...options, firstBlock, lastBlock });
  try {
    for (let block = firstBlock; block <= lastBlock; block += 1) {
      signal.throwIfAborted();
      let at = block * blob.blockBytes;
      const pieces = source.ready(block) ?? (await source.next(block));
      for (const piece of pieces) {
        const wanted = piece.subarray(Math.max(0, range.start - at), Math.max(0, range.end - at + 1));
        at += piece.length;
        if (wanted.length > 0) yield wanted;
      }
    }
  } finally {
    source.close();
  }
}

interface BlockSource {
  /** The block when it is at hand. */
  ready(block: number): Block | undefined;
  next(block: number): Promise<Block>;
  close(): void;
}

interface SourceOptions extends Omit<ReadBlobOptions, 'range'> {
  readonly firstBlock: number;
  readonly lastBlock: number;
}

/**
 * Keeps one feed open on the best replica. When a block is late a second feed races it from that block on; the first
 * verified block decides which feed stays. A replica that failed is not asked again by this read.
 */
function createBlockSource(deps: ReadDeps, blob: BlobRecord, options: SourceOptions): BlockSource {
  const { pool, clock, limits, events } = deps;
  deps.hedges.earn();
  const untried = candidates(pool, blob);
  const claimed = new Set(blob.replicas.filter((r) => r.state === 'stored').map((r) => r.backend));
  let feeds: BlockFeed[] = [];

  const openNext = (block: number): BlockFeed | undefined => {
    const backend = untried.shift();
    if (backend === undefined) return undefined;
    const feed = openBlockFeed(deps, blob, { backend, shard: 0, firstBlock: block, ...feedOptions(options) });
    feeds.push(feed);
    return feed;
  };

  const drop = (feed: BlockFeed, fault: Fault | undefined): void => {
    feeds = feeds.filter((f) => f !== feed);
    feed.close();
    if (fault === undefined || options.signal.aborted) return;
    pool.report(feed.backend, { kind: 'failed', code: fault.code });
    events.badReplica(blob.blobId, feed.backend, fault);
    if (isFault(fault, 'BackendCorrupt', 'BlobMissing')) {
      deps.physical.doubt(options.bucketId, feed.backend);
      // A copy that is still on its way is no bad one; calling it so would set repair against its writer.
      if (!claimed.has(feed.backend)) return;
      deps.metadata.reportBadReplica(blob.blobId, feed.backend, 0).catch((error: unknown) => {
        events.cleanupFailed(blob.blobId, toFault(error));
      });
    }
  };

  /** Late is not bad: who lost the race is asked again when nobody else is left. */
  const keepOnly = (winner: BlockFeed, block: number): void => {
    for (const loser of feeds.filter((f) => f !== winner)) {
      drop(loser, undefined);
      untried.push(loser.backend);
      if (block > options.firstBlock || loser.askedMs > winner.askedMs) continue;
      pool.report(loser.backend, { kind: 'late', latencyMs: clock.monotonic() - loser.askedMs });
    }
  };

  return {
    ready: (block) => (feeds.length === 1 ? feeds[0]?.ready(block) : undefined),
    async next(block) {
      const deadline = clock.monotonic() + limits.readBlockMs;
      let thrifty = false;
      if (feeds.length === 0 && openNext(block) === undefined) throw unavailable();
      for (;;) {
        const left = deadline - clock.monotonic();
        const soon: boolean = block === options.firstBlock && !thrifty;
        const hedgeMs = untried.length > 0 && feeds.length < 2 ? hedgeDelay(deps, feeds[0]?.backend, soon) : left;
        const outcome = await firstBlockOf(feeds, block, {
          clock,
          ms: Math.min(hedgeMs, left),
          signal: options.signal,
        });
        if (outcome.kind === 'block') {
          keepOnly(outcome.feed, block);
          return outcome.block;
        }
        if (outcome.kind === 'failed') {
          drop(outcome.feed, outcome.fault);
          if (feeds.length === 0 && openNext(block) === undefined) throw unavailable(outcome.fault);
          continue;
        }
        if (clock.monotonic() >= deadline) throw unavailable();
        thrifty = soon && !deps.hedges.spend();
        if (thrifty) continue;
        const hedge = openNext(block);
        if (hedge !== undefined) events.hedged(hedge.backend);
      }
    },
    close() {
      for (const feed of feeds) feed.close();
      feeds = [];
    },
  };
}

function feedOptions({
  bucketId,
  lastBlock,
  redundancyClass,
  signal,
}: SourceOptions): Omit<SourceOptions, 'firstBlock'> {
  return { bucketId, lastBlock, redundancyClass, signal };
}

/**
 * Backends that hold a verified copy, best first; then those whose copy is to leave; then those whose copy may have come in since the row was read; then
 * those whose copy counts as lost, since a copy that was once misread may be good and nothing goes out unverified.
 */
function candidates(pool: BackendPool, blob: BlobRecord): BackendId[] {
  const of = (state: string): BackendId[] => blob.replicas.filter((r) => r.state === state).map((r) => r.backend);
  return ['stored', 'leaving', 'pending', 'missing'].flatMap((state) => pool.readOrder(of(state)));
}

type Outcome =
  | { readonly kind: 'block'; readonly feed: BlockFeed; readonly block: Block }
  | { readonly kind: 'failed'; readonly feed: BlockFeed; readonly fault: Fault }
  | { readonly kind: 'late' };

async function firstBlockOf(
  feeds: readonly BlockFeed[],
  block: number,
  wait: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal },
): Promise<Outcome> {
  let cancel: (() => void) | undefined;
  const late = new Promise<Outcome>((resolve) => {
    cancel = wait.clock.schedule(wait.ms, () => resolve({ kind: 'late' }));
  });
  const answers = feeds.map((feed) =>
    feed.block(block).then(
      (pieces): Outcome => ({ kind: 'block', feed, block: pieces }),
      (error: unknown): Outcome => ({ kind: 'failed', feed, fault: toFault(error) }),
    ),
  );
  try {
    const outcome = await Promise.race([...answers, late]);
    wait.signal.throwIfAborted();
    return outcome;
  } finally {
    cancel?.();
  }
}
