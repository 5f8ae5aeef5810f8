import type { BackendId } from '@sealgate/core/names';
import type { Backend, BackendDriver, BackendHealthSample, BackendState } from '@sealgate/core/ports';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { fakeBackend, fakeClock, settle } from '../testing/fakes.ts';
import { createBackendPool } from './pool.ts';
import { createBackendRegistry } from './registry.ts';

const noMetrics = { backend: () => undefined, backendCall: () => undefined, forgetBackend: () => undefined };
const a = 'a' as BackendId;
const b = 'b' as BackendId;
const c = 'c' as BackendId;
const slowRead = { kind: 'ok', operation: 'get', latencyMs: 90, bytes: 1, durationMs: 90 } as const;
const timeout = { kind: 'failed', code: 'BackendTimeout' } as const;

function fakeDriver(ping: () => Promise<BackendHealthSample> = () => Promise.resolve({ ok: true, latencyMs: 3 })) {
  const driver = { closed: 0, pings: 0 };
  const methods: Pick<BackendDriver, 'ping' | 'close'> = {
    ping: () => {
      driver.pings += 1;
      return ping();
    },
    close: () => {
      driver.closed += 1;
      return Promise.resolve();
    },
  };
  return Object.assign(driver, methods) as typeof driver & BackendDriver;
}

function setUp(rows: readonly Backend[] = [fakeBackend('a'), fakeBackend('b'), fakeBackend('c')]) {
  const clock = fakeClock();
  const changes: string[] = [];
  const made: string[] = [];
  const pool = createBackendPool({
    clock,
    createDriver: (backend) => {
      made.push(backend.id);
      return backend.custody === 'gateway' ? fakeDriver() : undefined;
    },
    onChange: (backend, from) => changes.push(`${backend.id} ${from} ${backend.state}`),
  });
  pool.replace(rows);
  return { clock, pool, changes, made };
}

describe('the pool', () => {
  it('leaves an unhealthy backend out of writes, reads it last, and takes it back', () => {
    const { pool, changes } = setUp();
    for (let i = 0; i < 3; i += 1) pool.report(a, timeout);
    expect([...pool.writable()]).toEqual([b, c]);
    expect(pool.readOrder([a, b])).toEqual([b, a]);
    expect(pool.all().find(({ id }) => id === a)?.state).toBe('unhealthy');
    for (let i = 0; i < 4; i += 1) pool.observe(a, { kind: 'good', latencyMs: 1 });
    expect([...pool.writable()]).toEqual([a, b, c]);
    expect(changes).toEqual(['a healthy unhealthy', 'a unhealthy recovering', 'a recovering healthy']);
  });

  it('gives the same values while nothing changed', () => {
    const { pool } = setUp();
    const before = [pool.writable(), pool.all()];
    pool.report(a, slowRead);
    expect([pool.writable(), pool.all()]).toEqual(before);
    expect(pool.writable()).toBe(before[0]);
    expect(pool.all()).toBe(before[1]);
  });

  it('orders reads by health, then by latency, and leaves out what it cannot reach', () => {
    const { pool } = setUp([
      fakeBackend('a'),
      fakeBackend('b'),
      fakeBackend('c', { custody: 'agent', credentials: null }),
    ]);
    pool.report(a, slowRead);
    expect(pool.readOrder([a, b, c, 'unknown' as BackendId])).toEqual([b, a]);
    expect([...pool.writable()]).toEqual([a, b]);
    expect(pool.latencyMs(a)).toBe(90);
    expect(pool.latencyMs(b)).toBeUndefined();
  });

  it('pauses writes to a full backend and resumes them by itself', () => {
    const { pool, clock } = setUp();
    pool.report(a, { kind: 'failed', code: 'BackendFull' });
    expect(pool.writable().has(a)).toBe(false);
    expect(pool.view(a)?.full).toBe(true);
    expect([...pool.full()]).toEqual([a]);
    clock.advance(30_001);
    expect([...pool.full()]).toEqual([]);
    expect(pool.writable().has(a)).toBe(true);
  });

  it('ignores what says nothing about the backend, and unknown ids', () => {
    const { pool } = setUp();
    for (let i = 0; i < 9; i += 1) pool.report(a, { kind: 'failed', code: 'BlobMissing' });
    pool.report('ghost' as BackendId, timeout);
    expect(pool.all().map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('keeps drivers and health across a refresh, makes a changed backend anew, and gives back what is to be closed', () => {
    const { pool, made } = setUp();
    const before = pool.driver(b);
    pool.report(a, slowRead);
    const closing = pool.replace([fakeBackend('a'), fakeBackend('b', { endpoint: 'https://elsewhere' })]);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    expect(closing).toHaveLength(2);
    expect(closing).toContain(before);
    expect(pool.latencyMs(a)).toBe(90);
    expect(pool.all().map(({ id }) => id)).toEqual([a, b]);
  });

  it('follows the operator: draining stops writes, retiring removes, resuming goes through what the row says', () => {
    const { pool } = setUp();
    const withState = (state: BackendState) => [fakeBackend('a', { state }), fakeBackend('b')];
    pool.replace(withState('draining'));
    expect(pool.writable().has(a)).toBe(false);
    expect(pool.readOrder([a])).toEqual([a]);
    pool.observe(a, { kind: 'bad' });
    expect(pool.all()[0]?.state).toBe('draining');
    pool.replace(withState('recovering'));
    expect(pool.all()[0]?.state).toBe('recovering');
    pool.replace(withState('retired'));
    expect(pool.all().map(({ id }) => id)).toEqual([b]);
  });

  it('does not let the database overrule its own experience', () => {
    const { pool } = setUp();
    for (let i = 0; i < 3; i += 1) pool.report(a, timeout);
    pool.replace([fakeBackend('a'), fakeBackend('b', { state: 'unhealthy' })]);
    expect(pool.all().map(({ state }) => state)).toEqual(['unhealthy', 'healthy']);
  });
});

describe('the registry', () => {
  function setUpRegistry(ping?: () => Promise<BackendHealthSample>) {
    const clock = fakeClock();
    const saved: string[] = [];
    const drivers: ReturnType<typeof fakeDriver>[] = [];
    const database = {
      rows: [fakeBackend('a')] as Backend[],
      down: false,
      slow: undefined as Promise<undefined> | undefined,
    };
    const registry = createBackendRegistry({
      clock,
      logger: pino({ level: 'silent' }),
      metrics: noMetrics,
      metadata: {
        listBackends: () => (database.down ? Promise.reject(new Error('down')) : Promise.resolve(database.rows)),
        setBackendState: async (id, { from, to }) => {
          if (database.down) throw new Error('down');
          const { slow } = database;
          database.slow = undefined;
          await slow;
          if (!from.includes(database.rows.find((row) => row.id === id)?.state ?? to)) return false;
          saved.push(`${id} ${to}`);
          return true;
        },
        hurryRepairs: (id) => {
          saved.push(`${id} hurry`);
          return Promise.resolve(0);
        },
      },
      createDriver: () => {
        const driver = fakeDriver(ping);
        drivers.push(driver);
        return driver;
      },
      recordsHealth: true,
      pingIntervalMs: 5000,
      pingTimeoutMs: 1000,
      random: () => 0.5,
    });
    return { clock, registry, database, saved, drivers };
  }

  it('finds a backend that somebody else registered and pings it', async () => {
    const { clock, registry, database, drivers } = setUpRegistry();
    await registry.start();
    database.rows = [fakeBackend('a'), fakeBackend('b')];
    clock.advance(1000);
    await settle();
    expect(registry.pool.all().map(({ id }) => id)).toEqual([a, b]);
    clock.advance(1);
    await settle();
    expect(drivers.map(({ pings }) => pings)).toEqual([1, 1]);
    await registry.close();
    expect(drivers.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  it('gives up a backend that answers no ping, writes that down once the database is back, and takes it back', async () => {
    let alive = false;
    const never = new Promise<BackendHealthSample>(() => undefined);
    const { clock, registry, database, saved } = setUpRegistry(() =>
      alive ? Promise.resolve({ ok: true, latencyMs: 2 }) : never,
    );
    await registry.start();
    database.down = true;
    for (let i = 0; i < 40; i += 1) {
      clock.advance(500);
      await settle();
    }
    expect(registry.view(a)?.backend.state).toBe('unhealthy');
    expect(saved).toEqual([]);
    database.down = false;
    alive = true;
    for (let i = 0; i < 20; i += 1) {
      clock.advance(500);
      await settle();
    }
    expect(registry.view(a)?.backend.state).toBe('healthy');
    expect(saved.slice(-2), 'what is owed to it is not kept waiting').toEqual(['a healthy', 'a hurry']);
    await registry.close();
  });

  it('writes down one state after the other, however long the database takes for the first', async () => {
    const { registry, database, saved } = setUpRegistry();
    await registry.start();
    const first = Promise.withResolvers<undefined>();
    database.slow = first.promise;
    for (let i = 0; i < 3; i += 1) registry.pool.report(a, timeout);
    registry.pool.report(a, slowRead);
    await settle();
    first.resolve(undefined);
    await settle();
    expect(saved.at(-1)).toBe(`a ${registry.view(a)?.backend.state ?? ''}`);
    expect(saved).toHaveLength(2);
    await registry.close();
  });

  it('goes on while a driver that it gave up ends its calls, and closes no sooner than that', async () => {
    const { registry, database, drivers } = setUpRegistry();
    await registry.start();
    const ended = Promise.withResolvers<undefined>();
    const [old] = drivers;
    if (old === undefined) throw new Error('There is no driver.');
    old.close = () => ended.promise;
    database.rows = [fakeBackend('a', { endpoint: 'https://elsewhere' })];
    await registry.refresh();
    database.rows = [...database.rows, fakeBackend('b')];
    await registry.refresh();
    expect(registry.pool.all().map(({ id }) => id)).toEqual([a, b]);
    let closed = false;
    const closing = registry.close().then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    ended.resolve(undefined);
    await closing;
  });

  it('keeps what it has while the database is away, and says so to who asks for a refresh', async () => {
    const { registry, database } = setUpRegistry();
    await registry.start();
    database.down = true;
    await expect(registry.refresh()).rejects.toThrow('down');
    expect(registry.pool.all()).toHaveLength(1);
    await registry.close();
  });
});
