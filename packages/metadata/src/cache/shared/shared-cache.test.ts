import type { CacheStore, MetadataCacheMembers } from '@sealgate/core/ports';
import { createPrng, createVirtualClock, type VirtualClock } from '@sealgate/testkit';
import {
  callDatabase,
  createLink,
  createMemoryCacheServer,
  createSimulatedConnector,
  type Link,
  type MemoryCacheServer,
} from '@sealgate/testkit/cache-memory';
import { checkRegister, type RegisterOperation } from '@sealgate/testkit/history';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLogger } from '../../logger.ts';
import { createChangesUnderWay } from './changes-under-way.ts';
import { createMembership, type Membership } from './membership.ts';
import { createSharedCache, type SharedCache } from './shared-cache.ts';
import { testCacheKeys } from './testing/keys.ts';

const GATEWAYS = 3;
const KEYS = 2;
/** `SEALGATE_CACHE_RUNS=20000 npx vitest run --project unit <this file>` for a long one. */
const RUNS = Number(process.env['SEALGATE_CACHE_RUNS'] ?? 150);

/** One of them shows in one run of 700, on average. */
const DEFECT_RUNS = 3000;

const gateway = fc.nat(GATEWAYS - 1);
const key = fc.nat(KEYS - 1);
const operation = (kind: 'read' | 'poll' | 'list' | 'write' | 'writeAll') =>
  fc.record({ kind: fc.constant(kind), gateway, key }) as fc.Arbitrary<Step>;
const outage = (kind: 'cutRedis' | 'cutDatabase', longestMs: number) =>
  fc.record({ kind: fc.constant(kind), gateway, ms: fc.nat(longestMs) }) as fc.Arbitrary<Step>;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: operation('poll') },
  { weight: 16, arbitrary: operation('read') },
  { weight: 16, arbitrary: operation('list') },
  { weight: 14, arbitrary: operation('write') },
  { weight: 2, arbitrary: operation('writeAll') },
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'restart' }, { kind: 'flush' }, { kind: 'failover' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.nat(3_000) }) },
  { weight: 3, arbitrary: outage('cutRedis', 4_000) },
  { weight: 2, arbitrary: outage('cutDatabase', 4_000) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'join' as const), gateway }) },
);
const schedule = fc.record({ seed: fc.nat(), steps: fc.array(step, { minLength: 30, maxLength: 120 }) });

const verdicts = ({ history }: Run) => [...history].map(([at, operations]) => ({ at, ...checkRegister(operations) }));
const isRight = (run: Run): boolean => verdicts(run).every(({ ok }) => ok);

test('whatever fails, what clients of several gateways see is explained by one order', async () => {
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, steps }) => {
      const run = await runGateways(seed, steps);
      hits += run.hits;
      expect(verdicts(run).filter(({ ok }) => !ok)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
  expect(hits).toBeGreaterThan(RUNS);
}, 3_600_000);

/** Defects that somebody could make, each of which must be found. */
const defects: Readonly<Record<string, Planted>> = {
  'a change does not mark': { store: (store) => ({ ...store, mark: () => Promise.resolve(true) }) },
  'a fill needs no token of its time': { store: withoutTokens },
  'nobody waits for the others': {
    members: (members) => {
      const alone = <T extends { readonly members: readonly unknown[] } | undefined>(view: T): T =>
        view === undefined ? view : { ...view, members: view.members.slice(0, 1) };
      return {
        ...members,
        joinCache: async (member) => alone(await members.joinCache(member)),
        renewCacheMember: async (renewal) => alone(await members.renewCacheMember(renewal)),
      };
    },
  },
  'who does not reach the cache changes all the same': {
    membership: (membership) => ({
      ...membership,
      turn: () => {
        const turn = membership.turn();
        return turn === undefined || turn.store !== undefined ? turn : { ...turn, space: null };
      },
    }),
  },
  'a server that restarts is taken for the same one': {
    store: (store) => ({ ...store, incarnation: 'always', lookup: neverLost(store), mark: markAlways(store) }),
  },
};

test.each(Object.entries(defects))(
  'found by the checker: %s',
  async (_name, planted) => {
    const outcome = await fc.check(
      fc.asyncProperty(schedule, async ({ seed, steps }) => isRight(await runGateways(seed, steps, planted))),
      { numRuns: DEFECT_RUNS, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
  },
  600_000,
);

/** The value goes in whatever happened since the token. */
function withoutTokens(store: CacheStore): CacheStore {
  return {
    ...store,
    fill: async (place, token, value) => {
      const found = await store.lookup(place, token);
      return found.kind === 'miss' && (await store.fill(place, found.token, value));
    },
  };
}

function neverLost(store: CacheStore): CacheStore['lookup'] {
  return async (place, token) => {
    const found = await store.lookup(place, token);
    if (found.kind === 'lost') await store.prepare(place.keyspace);
    return found.kind === 'lost' ? await store.lookup(place, token) : found;
  };
}

function markAlways(store: CacheStore): CacheStore['mark'] {
  return async (place, changer) => {
    if (await store.mark(place, changer)) return true;
    await store.prepare(place.keyspace);
    return await store.mark(place, changer);
  };
}

/** A defect of the protocol, to see that the checker sees it. */
interface Planted {
  readonly members?: (members: MetadataCacheMembers) => MetadataCacheMembers;
  readonly store?: (store: CacheStore) => CacheStore;
  readonly membership?: (membership: Membership) => Membership;
}

interface Operation {
  /** `poll`: a dozen reads, one after the other. */
  readonly kind: 'read' | 'poll' | 'list' | 'write' | 'writeAll';
  readonly gateway: number;
  readonly key: number;
}

type Step =
  | Operation
  | { readonly kind: 'restart' | 'flush' | 'failover' }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'cutRedis' | 'cutDatabase'; readonly gateway: number; readonly ms: number }
  | { readonly kind: 'crash'; readonly gateway: number }
  | { readonly kind: 'join'; readonly gateway: number }
  | { readonly kind: 'wait'; readonly ms: number };

interface Gateway {
  readonly cache: SharedCache;
  readonly membership: Membership;
  readonly redis: Link;
  readonly database: Link;
}

const LEASE_MS = 1_000;
const POLL_READS = 12;

/** Several gateways with a register each key, that a client reads and writes through them: what it saw, by key. */
interface Run {
  readonly history: ReadonlyMap<number, readonly RegisterOperation[]>;
  readonly hits: number;
}

async function runGateways(seed: number, steps: readonly Step[], planted: Planted = {}): Promise<Run> {
  const world = createWorld(seed, planted);
  return await world.clock.run(playAll(world, steps));
}

interface World {
  readonly clock: VirtualClock;
  readonly gateways: Gateway[];
  readonly history: Map<number, RegisterOperation[]>;
  readonly values: Map<number, string>;
  readonly counts: { hits: number; writes: number };
  readonly redis: { server: MemoryCacheServer; servingFromMs: number };
  newServer(): MemoryCacheServer;
  newGateway(): Gateway;
}

function createWorld(seed: number, planted: Planted): World {
  const clock = createVirtualClock();
  const prng = createPrng(seed);
  const random = (below: number): number => prng.int(below);
  const metadata = createMemoryMetadata({ clock });
  const counts = { hits: 0, writes: 0 };
  let servers = 0;
  const newServer = (): MemoryCacheServer => {
    servers += 1;
    const server = createMemoryCacheServer({ clock, name: `redis ${servers}` });
    const { store = (one: CacheStore) => one } = planted;
    return { ...server, connect: () => store(server.connect()) };
  };
  const redis = { server: newServer(), servingFromMs: 0 };
  const newGateway = (): Gateway => {
    const toRedis = createLink({ clock, random, servingFromMs: () => redis.servingFromMs });
    const database = createLink({ clock, random, servingFromMs: () => 0 });
    const over = <T>(call: () => Promise<T>): Promise<T> => callDatabase(clock, database, call);
    const members: MetadataCacheMembers = {
      joinCache: (member) => over(() => metadata.joinCache(member)),
      renewCacheMember: (renewal) => over(() => metadata.renewCacheMember(renewal)),
      changeCacheSpace: (from, space) => over(() => metadata.changeCacheSpace(from, space)),
      expelCacheMember: (member, beat) => over(() => metadata.expelCacheMember(member, beat)),
      leaveCache: (member) => over(() => metadata.leaveCache(member)),
    };
    const changes = createChangesUnderWay();
    const connector = createSimulatedConnector({ clock, link: toRedis, server: () => redis.server });
    const shared = { clock, changes, leaseMs: LEASE_MS };
    const membership = createMembership({
      ...shared,
      metadata: planted.members?.(members) ?? members,
      connector,
      logger: silentLogger,
    });
    const cache = createSharedCache({
      ...shared,
      membership: planted.membership?.(membership) ?? membership,
      keys: testCacheKeys,
      events: {
        lookup: (_kind, outcome) => (counts.hits += outcome === 'hit' ? 1 : 0),
        fill: () => undefined,
        changeWaited: () => undefined,
      },
    });
    return { cache, membership, redis: toRedis, database };
  };
  const history = new Map(Array.from({ length: KEYS }, (_, key): [number, RegisterOperation[]] => [key, []]));
  return { clock, gateways: [], history, values: new Map(), counts, redis, newServer, newGateway };
}

async function playAll(world: World, steps: readonly Step[]): Promise<Run> {
  const { clock } = world;
  const start = async (at: number): Promise<void> => {
    const gateway = world.newGateway();
    world.gateways[at] = gateway;
    await gateway.membership.start().catch(() => undefined);
  };
  await Promise.all(Array.from({ length: GATEWAYS }, (_, at) => start(at)));
  // Most histories are of a cache that is in use.
  for (let tries = 0; tries < 40 && world.gateways.some(({ membership }) => membership.state() !== 'on'); tries += 1) {
    await new Promise<void>((resolve) => void clock.schedule(100, resolve));
  }
  const under: Promise<void>[] = [];
  for (const step of steps) {
    if (step.kind === 'wait') await new Promise<void>((resolve) => void clock.schedule(step.ms, resolve));
    else if (step.kind === 'join') under.push(start(step.gateway));
    else under.push(play(world, step));
  }
  await Promise.all(under);
  for (const { membership } of world.gateways) void membership.close();
  return { history: world.history, hits: world.counts.hits };
}

async function play(world: World, step: Exclude<Step, { kind: 'wait' | 'join' }>): Promise<void> {
  const { clock, redis } = world;
  switch (step.kind) {
    case 'restart':
      redis.server.restart();
      return;
    case 'flush':
      redis.server.flush();
      return;
    case 'failover':
      // Whoever is connected stays where it is; whoever connects anew comes to the other one.
      redis.server = world.newServer();
      return;
    case 'pause':
      redis.servingFromMs = clock.monotonic() + step.ms;
      return;
    case 'cutRedis':
      gatewayAt(world, step.gateway).redis.cutUntilMs = clock.monotonic() + step.ms;
      return;
    case 'cutDatabase':
      gatewayAt(world, step.gateway).database.cutUntilMs = clock.monotonic() + step.ms;
      return;
    case 'crash':
      gatewayAt(world, step.gateway).redis.cutUntilMs = Infinity;
      gatewayAt(world, step.gateway).database.cutUntilMs = Infinity;
      return;
    case 'poll':
      for (let reads = 0; reads < POLL_READS; reads += 1) await operate(world, { ...step, kind: 'read' });
      return;
    case 'read':
    case 'list':
    case 'write':
    case 'writeAll':
      await operate(world, step);
  }
}

function gatewayAt({ gateways }: World, at: number): Gateway {
  const gateway = gateways[at];
  if (gateway === undefined) throw new Error('no such gateway');
  return gateway;
}

async function operate(world: World, { kind, key, gateway }: Operation): Promise<void> {
  const { clock, values, counts } = world;
  const { cache, database } = gatewayAt(world, gateway);
  const load = () => callDatabase(clock, database, () => Promise.resolve({ value: values.get(key) ?? null }));
  const note = (operation: RegisterOperation): void => void world.history.get(key)?.push(operation);
  const began = clock.monotonic();
  const name = String(key);
  if (kind === 'read' || kind === 'list') {
    const read = kind === 'list' ? load() : cache.get('k', name, load);
    const found = await read.catch(() => undefined);
    if (found === undefined) return;
    note({ kind: 'read', value: found.value, began, ended: clock.monotonic(), label: `${kind} at ${gateway}` });
    return;
  }
  counts.writes += 1;
  const value = `v${counts.writes}`;
  const store = () =>
    callDatabase(clock, database, () => {
      values.set(key, value);
      return Promise.resolve();
    });
  const ok = await cache.change([kind === 'write' ? { kind: 'k', name } : { kind: 'k' }], store).then(
    () => true,
    () => false,
  );
  const ended = ok ? clock.monotonic() : Infinity;
  note({ kind: 'write', value, began, ended, label: `${kind} at ${gateway}` });
}
