import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BlobRecord, ReplicaRecord } from '@sealgate/core/ports';
import type { ErasureLayout } from '../erasure/geometry.ts';
import { createChange } from '../write/change.ts';
import { type Block, type BlockFeed, openBlockFeed } from './block-feed.ts';
import { hedgeDelay, type ReadDeps, unavailable } from './read-deps.ts';

/** No timer is finer: what is left of a wait below this is over. */
const TIMER_MS = 1;

/** Cells of one erasure-coded blob, verified, stripe after stripe. */
export interface StripeSource {
  /**
   * The wanted cells of a stripe, in the order they were asked for. Stripes are asked for in ascending order. Only what
   * is wanted is read while it comes; as soon as a cell is bad, missing or late, others are read to compute it from.
   * @throws Fault DataUnavailable when fewer than `k` shards can be read
   */
  cells(stripe: number, wanted: readonly number[]): Promise<readonly Block[]>;
  close(): void;
}

interface StripeSourceOptions {
  readonly bucketId: number;
  readonly firstStripe: number;
  readonly lastStripe: number;
  /** Any cells are as good as others: which come first is the pool's order of their backends, not data before parity. */
  readonly inPoolOrder?: boolean;
  readonly redundancyClass?: string | undefined;
  readonly signal: AbortSignal;
}

/** One shard of the blob as this read knows it. */
interface Shard {
  readonly index: number;
  /** Among shards in as good a standing, the lower one is asked first. */
  readonly place: number;
  /** Replicas that were not tried or only came late, best first. */
  readonly untried: ReplicaRecord[];
  feed: BlockFeed | undefined;
  /** Lost a race: asked again only when nobody else is left. */
  slow: boolean;
}

/** What is known of the cells of one stripe. */
interface Gathering {
  readonly stripe: number;
  readonly cells: Map<number, Block>;
  readonly asked: Set<number>;
}

export function createStripeSource(deps: ReadDeps, blob: BlobRecord, options: StripeSourceOptions): StripeSource {
  const layout = blob.layout as ErasureLayout;
  const { k } = layout;
  const change = createChange(deps.clock);
  const shards = shardsOf(deps, blob, layout, options.inPoolOrder === true);
  const known = new Set(blob.replicas.filter((r) => r.state === 'stored').map((r) => r.backend));
  deps.hedges.earn();

  const close = (shard: Shard): void => {
    shard.feed?.close();
    shard.feed = undefined;
  };

  const failed = (shard: Shard, feed: BlockFeed, fault: Fault): void => {
    if (shard.feed !== feed) return;
    close(shard);
    if (options.signal.aborted) return;
    deps.pool.report(feed.backend, { kind: 'failed', code: fault.code });
    deps.events.badReplica(blob.blobId, feed.backend, fault);
    if (!isFault(fault, 'BackendCorrupt', 'BlobMissing')) return;
    deps.physical.doubt(options.bucketId, feed.backend);
    // A shard that is still on its way is no bad one; calling it so would set repair against its writer.
    if (!known.has(feed.backend)) return;
    deps.metadata.reportBadReplica(blob.blobId, feed.backend, shard.index).catch((error: unknown) => {
      deps.events.cleanupFailed(blob.blobId, toFault(error));
    });
  };

  /** Begins to read the shard's cell of the stripe. False when none of its replicas is left. */
  const ask = (shard: Shard, gathering: Gathering): boolean => {
    const { stripe, cells, asked } = gathering;
    if (shard.feed === undefined) {
      const replica = shard.untried.shift();
      if (replica === undefined) return false;
      shard.feed = openBlockFeed(deps, blob, {
        backend: replica.backend,
        shard: shard.index,
        bucketId: options.bucketId,
        firstBlock: stripe,
        lastBlock: options.lastStripe,
        aheadBytes: deps.limits.readAheadBytes / k,
        redundancyClass: options.redundancyClass,
        signal: options.signal,
      });
    }
    const { feed } = shard;
    asked.add(shard.index);
    feed.block(stripe).then(
      (block) => {
        cells.set(shard.index, block);
        change.notify();
      },
      (error: unknown) => {
        asked.delete(shard.index);
        failed(shard, feed, toFault(error));
        change.notify();
      },
    );
    return true;
  };

  /** Asks for further shards until so many cells are here or under way. False when there are too few shards. */
  const askFor = (count: number, gathering: Gathering): boolean => {
    for (const shard of inOrder(shards)) {
      if (gathering.asked.size >= count) return true;
      if (!gathering.asked.has(shard.index)) ask(shard, gathering);
    }
    return gathering.asked.size >= count;
  };

  /** How long the slowest of those that were asked may take before others are asked too. */
  const patience = ({ stripe, asked }: Gathering, thrifty: boolean): number => {
    const soon = stripe === options.firstStripe && !thrifty;
    return Math.max(0, ...[...asked].map((index) => hedgeDelay(deps, shards[index]?.feed?.backend, soon)));
  };

  /** Waits until the wanted cells are here or can be computed; asks for more when one fails or is late. */
  const gather = async (wanted: readonly number[], gathering: Gathering): Promise<void> => {
    const { cells, asked, stripe } = gathering;
    const startedMs = deps.clock.monotonic();
    let hedge: 'thought of' | 'put off' | 'done' = 'thought of';
    while (cells.size < k && !wanted.every((index) => cells.has(index))) {
      const direct = wanted.every((index) => asked.has(index));
      if (!direct && asked.size < k && !askFor(k, gathering)) throw unavailable();
      const waitedMs = deps.clock.monotonic() - startedMs;
      const leftMs = deps.limits.readBlockMs - waitedMs;
      if (leftMs < TIMER_MS) throw unavailable();
      const hedgeMs = hedge === 'done' ? leftMs : patience(gathering, hedge === 'put off') - waitedMs;
      if (hedgeMs >= TIMER_MS) {
        await change.wait(Math.min(hedgeMs, leftMs), options.signal);
        options.signal.throwIfAborted();
        continue;
      }
      if (hedge === 'thought of' && stripe === options.firstStripe && !deps.hedges.spend()) {
        hedge = 'put off';
        continue;
      }
      hedge = 'done';
      // So many more that the cells can be computed without those that are late.
      const late = [...asked].filter((index) => !cells.has(index)).length;
      const before = new Set(asked);
      askFor(k + late, gathering);
      for (const shard of shards) {
        if (asked.has(shard.index) && !before.has(shard.index) && shard.feed !== undefined) {
          deps.events.hedged(shard.feed.backend);
        }
      }
    }
  };

  /** Later stripes are read from those that were in time. */
  const leaveBehind = (gathering: Gathering): void => {
    for (const shard of shards) {
      if (shard.feed === undefined || gathering.cells.has(shard.index)) continue;
      shard.untried.push({ backend: shard.feed.backend, shard: shard.index, state: 'stored' });
      if (gathering.asked.has(shard.index)) shard.slow = true;
      close(shard);
    }
  };

  return {
    async cells(stripe, wanted) {
      const gathering: Gathering = { stripe, cells: new Map(), asked: new Set() };
      const direct = wanted.every((index) => {
        const shard = shards[index];
        return shard !== undefined && !shard.slow && ask(shard, gathering);
      });
      if (!direct && !askFor(k, gathering)) throw unavailable();
      await gather(wanted, gathering);
      leaveBehind(gathering);
      if (wanted.every((index) => gathering.cells.has(index))) {
        return wanted.map((index) => gathering.cells.get(index) ?? []);
      }
      return rebuild(deps, layout, gathering, wanted);
    },
    close() {
      for (const shard of shards) close(shard);
    },
  };
}

function shardsOf(deps: ReadDeps, blob: BlobRecord, layout: ErasureLayout, inPoolOrder: boolean): Shard[] {
  const shards = Array.from({ length: layout.k + layout.m }, (_, index) => {
    const replicas = blob.replicas.filter((replica) => replica.shard === index);
    // As for copies: what is verified first, then what may have come in since, then what counts as lost.
    const untried = (['stored', 'leaving', 'pending', 'missing'] as const).flatMap((state) => {
      const own = replicas.filter((replica) => replica.state === state);
      const order = deps.pool.readOrder(own.map((replica) => replica.backend));
      return order.flatMap((id) => own.filter((replica) => replica.backend === id));
    });
    return { index, place: index, untried, feed: undefined, slow: untried[0]?.state !== 'stored' };
  });
  if (!inPoolOrder) return shards;
  const order = deps.pool.readOrder(shards.flatMap(({ untried: [first] }) => first?.backend ?? []));
  return shards.map((shard) => ({ ...shard, place: order.findIndex((id) => id === shard.untried[0]?.backend) }));
}

/** Shards that are being read, then those in good standing, by their place (data before parity); then the rest. */
function inOrder(shards: readonly Shard[]): readonly Shard[] {
  const rank = (shard: Shard): number => (shard.slow ? 2 : shard.feed === undefined ? 1 : 0);
  return shards.toSorted((a, b) => rank(a) - rank(b) || a.place - b.place);
}

function rebuild(
  deps: ReadDeps,
  { k, m }: ErasureLayout,
  { cells }: Gathering,
  wanted: readonly number[],
): readonly Block[] {
  const whole = Array.from({ length: k + m }, (_, index) => {
    const block = cells.get(index);
    return block === undefined ? undefined : joined(block);
  });
  const lost = wanted.filter((index) => whole[index] === undefined);
  const computed = deps.codecs(k, m).rebuild(whole, lost);
  return wanted.map((index) => {
    const there = cells.get(index);
    if (there !== undefined) return there;
    const cell = computed[lost.indexOf(index)];
    if (cell === undefined) throw new Fault('InternalError', 'A cell was not computed.');
    return [Buffer.from(cell.buffer, cell.byteOffset, cell.length)];
  });
}

export function joined(block: Block): Buffer {
  const [only] = block;
  return block.length === 1 && only !== undefined ? only : Buffer.concat(block);
}
