import { randomUUID } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { CacheLookup, CachePlace, CacheStore, Clock } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import { AGREEMENT_POLL_MS, AGREEMENT_WAIT_MS, LOOKUP_PAUSE_MS, LOOKUP_WAIT_MS, OPENED_MAX } from '../limits.ts';
import { untilOver } from '../until-over.ts';
import { within } from '../within.ts';
import type { ChangesUnderWay } from './changes-under-way.ts';
import { type CacheKeys, createEntryCodec, type EntryCodec } from './codec.ts';
import type { Membership, Turn, UsableSpace } from './membership.ts';

/** A place before it is known in which space. `name` absent: all places of the kind. */
export interface NamedPlace {
  readonly kind: string;
  readonly name?: string;
}

export interface CacheEvents {
  /** `bypass`: the shared cache was not asked, or did not answer. */
  lookup(kind: string, outcome: 'hit' | 'miss' | 'busy' | 'bypass'): void;
  fill(kind: string, kept: boolean): void;
  /** A change had to wait for other processes before it began. */
  changeWaited(ms: number): void;
}

export interface SharedCache {
  /** What the cache has, or what `load` finds; nothing found is not kept. */
  get<V extends object>(kind: string, name: string, load: () => Promise<V | undefined>): Promise<V | undefined>;
  /**
   * Runs a change when nobody can read an older answer any more, and until the end of which nobody keeps one.
   * @throws Fault DatabaseUnavailable when the other processes cannot be agreed with; nothing was begun then
   */
  change<T>(places: readonly NamedPlace[], run: () => Promise<T>): Promise<T>;
}

export interface SharedCacheDeps {
  readonly membership: Membership;
  readonly changes: ChangesUnderWay;
  readonly keys: CacheKeys;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly leaseMs: number;
}

const ALL = '*';

/** Reads through, and changes around, the cache that the membership says may be used. The proof is in its ADR. */
export function createSharedCache(deps: SharedCacheDeps): SharedCache {
  const { clock, membership, events } = deps;
  const codecs = createCodecs(deps.keys);
  const opened = new LRUCache<string, { readonly sealed: Buffer; readonly value: object }>({ max: OPENED_MAX });
  let pausedUntilMs = 0;

  const ask = async (space: UsableSpace, place: CachePlace): Promise<CacheLookup | undefined> => {
    if (clock.monotonic() < pausedUntilMs) return undefined;
    try {
      return await within(clock, LOOKUP_WAIT_MS, space.store.lookup(place, randomUUID()));
    } catch {
      pausedUntilMs = clock.monotonic() + LOOKUP_PAUSE_MS;
      return undefined;
    }
  };
  const open = (codec: EntryCodec, { kind, id, keyspace }: CachePlace, sealed: Uint8Array): object | undefined => {
    const known = opened.get(`${keyspace}${id}`);
    if (known?.sealed.equals(sealed)) return known.value;
    const value = codec.open(kind, id, sealed);
    if (value !== undefined) opened.set(`${keyspace}${id}`, { sealed: Buffer.from(sealed), value });
    return value;
  };
  const fill = async (space: UsableSpace, place: CachePlace, token: string, sealed: Buffer): Promise<void> => {
    const kept = await space.store.fill(place, token, sealed).catch(() => false);
    events.fill(place.kind, kept);
  };

  return {
    async get<V extends object>(kind: string, name: string, load: () => Promise<V | undefined>) {
      const space = membership.readable();
      if (space === undefined) {
        events.lookup(kind, 'bypass');
        return await load();
      }
      const codec = codecs(space.keyspace);
      const place = { keyspace: space.keyspace, kind, id: codec.idOf(kind, name) };
      const found = await ask(space, place);
      if (found?.kind === 'hit') {
        const value = open(codec, place, found.value);
        // An answer that came after the lease was over may be of any age.
        if (value !== undefined && membership.isCurrent(space.epoch)) {
          events.lookup(kind, 'hit');
          return value as V;
        }
      }
      if (found?.kind === 'lost') void membership.abandon(space.epoch).catch(() => undefined);
      if (found?.kind !== 'miss') {
        events.lookup(kind, found?.kind === 'busy' ? 'busy' : 'bypass');
        return await load();
      }
      events.lookup(kind, 'miss');
      const value = await load();
      const sealed = value === undefined ? undefined : codec.seal(kind, place.id, value);
      // The token is of this epoch's space, whatever holds by now: a fill there is right, or is nobody's any more.
      if (sealed !== undefined) void fill(space, place, found.token, sealed);
      return value;
    },
    change: createChange(deps, codecs),
  };
}

type Codecs = (keyspace: string) => EntryCodec;

function createCodecs(keys: CacheKeys): Codecs {
  let last: { readonly keyspace: string; readonly codec: EntryCodec } | undefined;
  return (keyspace) => {
    if (last?.keyspace !== keyspace) last = { keyspace, codec: createEntryCodec(keyspace, keys) };
    return last.codec;
  };
}

interface Marks {
  readonly store: CacheStore;
  readonly places: readonly CachePlace[];
  readonly changer: string;
}

function createChange(deps: SharedCacheDeps, codecs: Codecs): SharedCache['change'] {
  const { clock, membership, changes, events } = deps;

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.schedule(ms, resolve));

  const markAll = async (turn: Turn, named: readonly NamedPlace[]): Promise<Marks | undefined> => {
    const { space, store } = turn;
    if (space === null || store === undefined) return undefined;
    const { keyspace } = space;
    const codec = codecs(keyspace);
    const places = named.map(({ kind, name }) => ({
      keyspace,
      kind,
      id: name === undefined ? ALL : codec.idOf(kind, name),
    }));
    const changer = randomUUID();
    try {
      const marked = await Promise.all(places.map((place) => store.mark(place, changer)));
      return marked.every(Boolean) ? { store, places, changer } : undefined;
    } catch {
      return undefined;
    }
  };
  const unmark = ({ store, places, changer }: Marks): void => {
    // A mark that stays costs time, no truth: its place is read from the database.
    for (const place of places) void store.unmark(place, changer).catch(() => undefined);
  };

  /** Waits until a change may begin, and has begun it when it resolves. */
  const enter = async (named: readonly NamedPlace[]): Promise<{ readonly turn: Turn; readonly marks?: Marks }> => {
    const sinceMs = clock.monotonic();
    const waits = deps.leaseMs + AGREEMENT_WAIT_MS;
    for (let first = true; ; first = false) {
      const turn = membership.turn();
      if (turn?.space === null) return begun(turn, sinceMs, first);
      if (turn !== undefined) {
        const marks = await markAll(turn, named);
        if (marks !== undefined && membership.isCurrent(turn.epoch)) return { ...begun(turn, sinceMs, first), marks };
        if (marks !== undefined) unmark(marks);
        else await membership.abandon(turn.epoch);
      } else {
        if (!first) await pause(AGREEMENT_POLL_MS);
        await membership.renew();
      }
      if (clock.monotonic() - sinceMs > waits) {
        throw new Fault('DatabaseUnavailable', 'The gateways could not agree in time. Please try again.');
      }
    }
  };
  const begun = (turn: Turn, sinceMs: number, first: boolean): { readonly turn: Turn } => {
    changes.begin(turn.epoch);
    if (!first) events.changeWaited(clock.monotonic() - sinceMs);
    return { turn };
  };

  const change = async <T>(places: readonly NamedPlace[], run: () => Promise<T>): Promise<T> => {
    const { turn, marks } = await enter(places);
    const finish = (): void => {
      changes.end(turn.epoch);
      if (marks !== undefined) unmark(marks);
    };
    const result = await untilOver(clock, run, finish);
    // The others took this process for gone and went on without it: what they keep by now may be from before this change.
    if (membership.member() !== turn.membership) await change(places, () => Promise.resolve());
    return result;
  };
  return change;
}
