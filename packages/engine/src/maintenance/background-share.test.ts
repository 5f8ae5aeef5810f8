import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createMemoryDriver } from '@sealgate/backends/memory';
import { type BackendId, parseBackendId, physicalBucketName } from '@sealgate/core/names';
import type { Backend, BackendOutcome, BackendPool, BackgroundLimits } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backend } from '../testing/fixtures.ts';
import type { BackgroundPart, PartOf } from './background-fleet.ts';
import { createBackgroundShare } from './background-share.ts';

const MIB = 1024 * 1024;
const { signal } = new AbortController();
const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 'x', counter: 0 });
const x = parseBackendId('x');
const y = parseBackendId('y');
const free = parseBackendId('free');

function setUp(limits: Readonly<Record<string, BackgroundLimits>>, part?: PartOf) {
  const clock = createVirtualClock();
  const driver = createMemoryDriver({ clock });
  const reported: BackendOutcome['kind'][] = [];
  let all: readonly Backend[] = ['x', 'y', 'free'].map((id) => backend(id, { background: limits[id] ?? {} }));
  const pool: BackendPool = {
    all: () => all,
    driver: () => driver,
    writable: () => new Set(all.map(({ id }) => id)),
    full: () => new Set(),
    readOrder: (ids) => [...ids],
    latencyMs: () => undefined,
    report: (_id, outcome) => void reported.push(outcome.kind),
  };
  const change = (id: BackendId, background: BackgroundLimits): void => {
    all = all.map((one) => (one.id === id ? { ...one, background } : one));
  };
  return {
    clock,
    driver,
    pool,
    reported,
    change,
    share: createBackgroundShare({ pool, clock, ...(part === undefined ? {} : { part }) }),
  };
}

const pieces = (bytes: number): Readable =>
  Readable.from(
    Array.from({ length: bytes / 65_536 }, () => Buffer.alloc(65_536, 7)),
    { objectMode: false },
  );
type SetUp = ReturnType<typeof setUp>;
const put = async ({ share }: SetUp, id: BackendId, key: string, bytes: number): Promise<void> => {
  await share.pool.driver(id)?.put(bucket, key, { body: pieces(bytes), bytes, signal });
};
const get = async ({ share }: SetUp, id: BackendId, key: string): Promise<number> => {
  const opened = await share.pool.driver(id)?.get(bucket, key, { signal });
  return opened === undefined ? 0 : (await buffer(opened.body)).length;
};

describe('bytes', () => {
  test('of all transfers together keep to the figure of their backend, both ways', async () => {
    const world = setUp({ x: { bytesPerSecond: MIB } });
    await world.driver.ensureBucket(bucket, { signal });
    await world.clock.run(Promise.all([put(world, x, 'b/1', 4 * MIB), put(world, x, 'b/2', 4 * MIB)]));
    // Half a second's worth may be ahead.
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(7400);
    expect(world.clock.monotonic()).toBeLessThanOrEqual(8000);
    const before = world.clock.monotonic();
    expect(await world.clock.run(get(world, x, 'b/1'))).toBe(4 * MIB);
    expect(world.clock.monotonic() - before).toBeGreaterThanOrEqual(3900);
  });

  test('of a backend without a figure, and of clients, pass as they come', async () => {
    const world = setUp({ x: { bytesPerSecond: MIB } });
    await world.driver.ensureBucket(bucket, { signal });
    await world.clock.run(put(world, free, 'b/1', 4 * MIB));
    await world.clock.run(world.driver.put(bucket, 'b/2', { body: pieces(4 * MIB), bytes: 4 * MIB, signal }));
    expect(world.clock.monotonic()).toBe(0);
    expect(world.share.pool.driver(free)).toBe(world.driver);
  });

  test('go by a figure that changed while they flow', async () => {
    const world = setUp({ x: { bytesPerSecond: MIB } });
    await world.driver.ensureBucket(bucket, { signal });
    const running = put(world, x, 'b/1', 64 * MIB);
    await world.clock.advance(2000);
    world.change(x, { bytesPerSecond: null });
    await world.clock.run(running);
    expect(world.clock.monotonic()).toBeLessThan(3000);
  });

  test('stop where the caller gives up, and nothing waits on', async () => {
    const world = setUp({ x: { bytesPerSecond: MIB } });
    await world.driver.ensureBucket(bucket, { signal });
    await world.clock.run(put(world, free, 'b/1', 8 * MIB));
    const stop = new AbortController();
    const opened = await world.share.pool.driver(x)?.get(bucket, 'b/1', { signal: stop.signal });
    if (opened === undefined) throw new Error('There is no driver.');
    const reading = buffer(opened.body).catch((error: unknown) => error);
    await world.clock.advance(1000);
    stop.abort(new Error('Enough.'));
    expect(await reading).toBeInstanceOf(Error);
    await world.clock.settle();
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('places', () => {
  const gated = ({ share }: SetUp, needs: readonly BackendId[], stop = signal) => {
    const gate = Promise.withResolvers<undefined>();
    const state = { begun: false, gate };
    const done = share.admit(needs, stop, () => {
      state.begun = true;
      return gate.promise;
    });
    return Object.assign(state, { done });
  };

  test('are taken for all backends of a piece of work at once, in the order of asking', async () => {
    const world = setUp({ x: { concurrency: 1 }, y: { concurrency: 1 } });
    const first = gated(world, [x, free]);
    const both = gated(world, [y, x]);
    const late = gated(world, [y]);
    await world.clock.settle();
    // y is free, and kept for who asked first.
    expect([first.begun, both.begun, late.begun]).toEqual([true, false, false]);
    expect([world.share.busy(x), world.share.busy(y), world.share.busy(free)]).toEqual([true, true, false]);
    first.gate.resolve(undefined);
    await first.done;
    await world.clock.settle();
    expect([both.begun, late.begun]).toEqual([true, false]);
    both.gate.reject(new Error('No.'));
    await expect(both.done).rejects.toThrow('No.');
    await world.clock.settle();
    expect(late.begun).toBe(true);
    late.gate.resolve(undefined);
    await late.done;
    expect(world.share.busy(y)).toBe(false);
  });

  test('are given back by who stops waiting', async () => {
    const world = setUp({ x: { concurrency: 1 } });
    const first = gated(world, [x]);
    const stop = new AbortController();
    const waiting = gated(world, [x], stop.signal);
    const last = gated(world, [x]);
    await world.clock.settle();
    stop.abort(new Error('Enough.'));
    await expect(waiting.done).rejects.toThrow('Enough.');
    first.gate.resolve(undefined);
    await world.clock.settle();
    expect([waiting.begun, last.begun]).toEqual([false, true]);
    last.gate.resolve(undefined);
    await last.done;
  });

  test('are so few that each transfer gets its least share of the bandwidth', async () => {
    const world = setUp({ x: { bytesPerSecond: MIB, concurrency: 100 } });
    const all = Array.from({ length: 6 }, () => gated(world, [x]));
    await world.clock.settle();
    expect(all.filter(({ begun }) => begun)).toHaveLength(4);
    for (const { gate } of all) gate.resolve(undefined);
    await Promise.all(all.map(({ done }) => done));
  });

  test('never more than the figure at once, and nobody waits for ever, whatever is asked', async () => {
    const figures = fc.record({ x: fc.integer({ min: 1, max: 4 }), y: fc.integer({ min: 1, max: 4 }) });
    const work = fc.array(
      fc.record({ needs: fc.subarray([x, y, free]), forMs: fc.integer({ min: 0, max: 50 }), failed: fc.boolean() }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(figures, work, async (figure, tasks) => {
        const { clock, share } = setUp({ x: { concurrency: figure.x }, y: { concurrency: figure.y } });
        const now = { x: 0, y: 0, free: 0 };
        const most = { x: 0, y: 0, free: 0 };
        const run = (task: (typeof tasks)[number]) =>
          share.admit(task.needs, signal, async () => {
            for (const id of task.needs as (keyof typeof now)[]) {
              now[id] += 1;
              most[id] = Math.max(most[id], now[id]);
            }
            await new Promise<void>((resolve) => clock.schedule(task.forMs, resolve));
            for (const id of task.needs as (keyof typeof now)[]) now[id] -= 1;
            if (task.failed) throw new Error('No.');
          });
        await clock.run(Promise.allSettled(tasks.map(run)));
        expect(now).toEqual({ x: 0, y: 0, free: 0 });
        expect(most.x).toBeLessThanOrEqual(figure.x);
        expect(most.y).toBeLessThanOrEqual(figure.y);
      }),
      { numRuns: 200 },
    );
  });
});

test('a process keeps to its part, as it is at the moment, and to the least while it knows none', async () => {
  let part: BackgroundPart | undefined = { workers: 2, rank: 1 };
  const world = setUp({ x: { bytesPerSecond: 2 * MIB, concurrency: 5 } }, () => part);
  await world.driver.ensureBucket(bucket, { signal });
  await world.clock.run(put(world, x, 'b/1', 4 * MIB));
  expect(world.clock.monotonic()).toBeGreaterThanOrEqual(3400);
  expect(world.clock.monotonic()).toBeLessThanOrEqual(4000);
  const begun = async (): Promise<number> => {
    const gate = Promise.withResolvers<undefined>();
    let count = 0;
    const run = (): Promise<undefined> => {
      count += 1;
      return gate.promise;
    };
    const all = Array.from({ length: 6 }, () => world.share.admit([x], signal, run));
    await world.clock.settle();
    const atOnce = count;
    gate.resolve(undefined);
    await Promise.all(all);
    return atOnce;
  };
  expect(await begun()).toBe(2);
  part = undefined;
  expect(await begun()).toBe(1);
  part = { workers: 1, rank: 0 };
  expect(await begun()).toBe(5);
});

test('a backend that we make slow is not called slow, and one that fails is told', () => {
  const { share, reported } = setUp({ x: { bytesPerSecond: MIB } });
  const ok = { kind: 'ok', operation: 'get', latencyMs: 1, bytes: 1, durationMs: 1 } as const;
  share.pool.report(x, ok);
  share.pool.report(x, { kind: 'late', latencyMs: 1 });
  share.pool.report(x, { kind: 'failed', code: 'BackendUnreachable' });
  share.pool.report(free, ok);
  expect(reported).toEqual(['failed', 'ok']);
  expect([share.held([x, free]), share.held([free])]).toEqual([true, false]);
});
