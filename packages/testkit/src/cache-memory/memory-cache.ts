import { ALL_PLACES, type CacheLookup, type CachePlace, type CacheStore, type Clock } from '@sealgate/core/ports';

/** What the server process remembers. */
interface Space {
  /** By kind: raised by a change of all its places. */
  readonly generations: Map<string, number>;
  /** By kind and id: the changes under way. */
  readonly marks: Map<string, Set<string>>;
  readonly places: Map<string, Held>;
}

type Held = { readonly generation: number; readonly endsMs: number } & (
  | { readonly token: string }
  | { readonly value: Uint8Array }
);

/** A cache server in memory, for the simulator and the contract: each call takes effect in one step. */
export interface MemoryCacheServer {
  /** A connection to this life of the server. It fails for good when the server restarts. */
  connect(): CacheStore;
  /** Ends all connections. What it remembered is gone. */
  restart(): void;
  /** Forgets everything, and goes on under the same name. */
  flush(): void;
}

export interface MemoryCacheOptions {
  readonly clock: Clock;
  readonly name?: string;
  readonly tokenLifeMs?: number;
  readonly entryLifeMs?: number;
  /** Places that one space holds; the oldest go first. */
  readonly placesMax?: number;
}

export function createMemoryCacheServer(options: MemoryCacheOptions): MemoryCacheServer {
  const { clock, name = 'memory', tokenLifeMs = 5_000, entryLifeMs = 60_000, placesMax = 10_000 } = options;
  let life = 1;
  let spaces = new Map<string, Space>();

  const hold = ({ places }: Space, id: string, held: Held): void => {
    places.delete(id);
    places.set(id, held);
    for (const oldest of places.keys()) {
      if (places.size <= placesMax) break;
      places.delete(oldest);
    }
  };
  const heldAt = (space: Space, { kind, id }: CachePlace): Held | undefined => {
    const held = space.places.get(idOf(kind, id));
    const current = held?.generation === (space.generations.get(kind) ?? 0) && held.endsMs > clock.monotonic();
    return current ? held : undefined;
  };

  const lookup = (place: CachePlace, token: string): CacheLookup => {
    const space = spaces.get(place.keyspace);
    if (space === undefined) return { kind: 'lost' };
    const held = heldAt(space, place);
    if (held !== undefined && 'value' in held) return { kind: 'hit', value: held.value };
    const { kind, id } = place;
    if ([id, ALL_PLACES].some((marked) => (space.marks.get(idOf(kind, marked))?.size ?? 0) > 0))
      return { kind: 'busy' };
    if (held !== undefined) return { kind: 'miss', token: held.token };
    const generation = space.generations.get(kind) ?? 0;
    hold(space, idOf(kind, id), { token, generation, endsMs: clock.monotonic() + tokenLifeMs });
    return { kind: 'miss', token };
  };
  const fill = (place: CachePlace, token: string, value: Uint8Array): boolean => {
    const space = spaces.get(place.keyspace);
    const held = space === undefined ? undefined : heldAt(space, place);
    if (space === undefined || held === undefined || !('token' in held) || held.token !== token) return false;
    const { generation } = held;
    hold(space, idOf(place.kind, place.id), { value, generation, endsMs: clock.monotonic() + entryLifeMs });
    return true;
  };
  const forget = (space: Space, { kind, id }: CachePlace): void => {
    if (id === ALL_PLACES) space.generations.set(kind, (space.generations.get(kind) ?? 0) + 1);
    else space.places.delete(idOf(kind, id));
  };
  const mark = (place: CachePlace, changer: string): boolean => {
    const space = spaces.get(place.keyspace);
    if (space === undefined) return false;
    const id = idOf(place.kind, place.id);
    space.marks.set(id, (space.marks.get(id) ?? new Set()).add(changer));
    forget(space, place);
    return true;
  };
  const unmark = (place: CachePlace, changer: string): void => {
    const space = spaces.get(place.keyspace);
    if (space === undefined) return;
    space.marks.get(idOf(place.kind, place.id))?.delete(changer);
    forget(space, place);
  };

  return {
    connect() {
      const mine = life;
      const here = async <T>(run: () => T): Promise<T> => {
        if (mine !== life) throw new Error('the cache server restarted');
        return run();
      };
      return {
        incarnation: `${name}/${mine}`,
        prepare: (keyspace) =>
          here(() => void spaces.set(keyspace, { generations: new Map(), marks: new Map(), places: new Map() })),
        keep: (keyspace) => here(() => spaces.has(keyspace)),
        lookup: (place, token) => here(() => lookup(place, token)),
        fill: (place, token, value) => here(() => fill(place, token, value)),
        mark: (place, changer) => here(() => mark(place, changer)),
        unmark: (place, changer) => here(() => unmark(place, changer)),
      };
    },
    restart() {
      life += 1;
      spaces = new Map();
    },
    flush() {
      spaces = new Map();
    },
  };
}

const idOf = (kind: string, id: string): string => `${kind}:${id}`;
