import { BACKGROUND_BYTES_PER_SECOND_MIN } from '@sealgate/core/limits';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, BackgroundLimits, Clock, Metadata } from '@sealgate/core/ports';

// How the processes that work in the background divide what a backend allows to all of them together. Each holds a slot of the
// backend, which is a lease; how many are held is by how many the figure is divided. Nobody is told of a newcomer: a newcomer
// waits until everybody must have looked, or counts himself out.

/** The part of one process: its place among all that hold a slot, counted from 0. */
export interface BackgroundPart {
  readonly workers: number;
  readonly rank: number;
}

/** Of a backend, as far as it is known and holds; undefined: as little as can be. */
export type PartOf = (backend: BackendId) => BackgroundPart | undefined;

/** What a process takes that shares with nobody. */
export const alone: PartOf = () => ({ workers: 1, rank: 0 });

/** A part, and the slot that it is for. */
export interface HeldSlot extends BackgroundPart {
  readonly slot: number;
}

/** From one look at the slots to the next. */
export const SLOT_LOOK_MS = 5000;
/** How long a process goes by what it saw. */
const FRESH_MS = 15_000;
/** How long one that has just got a slot takes the least: by then whoever looked before that has looked again, or takes the least. */
const SETTLED_MS = FRESH_MS + 1000;
/** A slot is free again after so long without a look: later than its holder goes by what it saw. */
const LEASE_MS = 30_000;
/** Processes that share a backend. Further ones take the least. */
const SLOTS_MAX = 1000;
/** Names of the leases; the backend's id and the slot's number follow. */
const SLOTS = 'background-share/';

type Slots = Pick<Metadata, 'leaseCursor' | 'listCursors'>;

/** What a process saw, and whether it may go by it. */
export interface SeenParts {
  readonly part: PartOf;
  /** The slot that is held, if any. */
  slot(backend: BackendId): number | undefined;
  /** @param askedMs when the question went out, on the monotonic clock; what it answers was true later */
  saw(backend: BackendId, askedMs: number, held: HeldSlot | undefined): void;
}

export function createSeenParts(clock: Pick<Clock, 'monotonic'>): SeenParts {
  const seen = new Map<BackendId, HeldSlot & { readonly askedMs: number; readonly sinceMs: number }>();
  return {
    part(backend) {
      const held = seen.get(backend);
      const nowMs = clock.monotonic();
      if (held === undefined || nowMs > held.askedMs + FRESH_MS) return undefined;
      // Who is alone need not wait: others that may still go by an older look would hold a slot.
      return held.workers === 1 || nowMs >= held.sinceMs + SETTLED_MS ? held : undefined;
    },
    slot: (backend) => seen.get(backend)?.slot,
    saw(backend, askedMs, held) {
      if (held === undefined) {
        seen.delete(backend);
        return;
      }
      const before = seen.get(backend);
      // One that did not look for as long as a lease lasts may have lost it and got it back: it is a newcomer.
      const kept = before?.slot === held.slot && askedMs <= before.askedMs + FRESH_MS;
      seen.set(backend, { ...held, askedMs, sinceMs: kept ? before.sinceMs : clock.monotonic() });
    },
  };
}

/** Keeps a slot of the backend, or takes one. Undefined when there is none left. @throws Fault DatabaseUnavailable */
export async function holdSlot(
  metadata: Slots,
  {
    backend,
    holder,
    slot,
  }: { readonly backend: BackendId; readonly holder: string; readonly slot: number | undefined },
): Promise<HeldSlot | undefined> {
  const prefix = `${SLOTS}${backend}/`;
  const lease = async (wanted: number): Promise<boolean> =>
    (await metadata.leaseCursor(`${prefix}${String(wanted).padStart(4, '0')}`, holder, LEASE_MS)) !== undefined;
  const taken = async (): Promise<readonly number[]> =>
    (await metadata.listCursors(prefix)).filter(({ leased }) => leased).map(({ name }) => Number(name.slice(-4)));
  let held = slot !== undefined && (await lease(slot)) ? slot : undefined;
  if (held === undefined) {
    const others = new Set(await taken());
    for (let next = 0; next < SLOTS_MAX && held === undefined; next += 1) {
      if (!others.has(next) && (await lease(next))) held = next;
    }
  }
  if (held === undefined) return undefined;
  const all = await taken();
  const rank = all.indexOf(held);
  return rank < 0 ? undefined : { slot: held, workers: all.length, rank };
}

export interface BackgroundFleet {
  /** The name that this process holds its slots by. */
  readonly holder: string;
  readonly part: PartOf;
  /** Looks at the slots of every backend with a figure that this process can reach. @throws Fault DatabaseUnavailable */
  look(): Promise<number>;
}

/** The parts of a process that has the database itself. */
export function createBackgroundFleet(deps: {
  readonly metadata: Slots;
  readonly pool: BackendPool;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly holder: string;
  /** By how many a backend's figures are divided now; undefined: it has none any more, or no slot could be had. */
  readonly onSeen?: (backend: BackendId, workers: number | undefined) => void;
}): BackgroundFleet {
  const { metadata, pool, clock, holder, onSeen = () => undefined } = deps;
  const seen = createSeenParts(clock);
  let before: ReadonlySet<BackendId> = new Set();
  return {
    holder,
    part: seen.part,
    async look() {
      const shared = pool.all().filter(({ id, background }) => isLimited(background) && pool.driver(id) !== undefined);
      const ids = new Set(shared.map(({ id }) => id));
      for (const id of before) if (!ids.has(id)) onSeen(id, undefined);
      before = ids;
      for (const id of ids) {
        const askedMs = clock.monotonic();
        const held = await holdSlot(metadata, { backend: id, holder, slot: seen.slot(id) });
        seen.saw(id, askedMs, held);
        onSeen(id, held?.workers);
      }
      return 0;
    },
  };
}

export function isLimited(limits: BackgroundLimits | undefined): limits is BackgroundLimits {
  return Boolean(limits?.bytesPerSecond) || Boolean(limits?.concurrency);
}

/**
 * What one of them may take of what all may take. The parts of all together are no more than the whole, but nobody has less than
 * one piece of work and the least bandwidth that no reader takes for a stall.
 */
export function limitsOfPart(whole: BackgroundLimits, part: BackgroundPart | undefined): BackgroundLimits {
  const { bytesPerSecond, concurrency } = whole;
  const { workers, rank } = part ?? { workers: Number.POSITIVE_INFINITY, rank: 0 };
  return {
    bytesPerSecond: bytesPerSecond
      ? Math.max(BACKGROUND_BYTES_PER_SECOND_MIN, Math.floor(bytesPerSecond / workers))
      : null,
    // The first ones take what is left over.
    concurrency: concurrency ? Math.max(1, Math.ceil((concurrency - rank) / workers)) : null,
  };
}
