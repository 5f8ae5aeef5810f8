import { Fault } from '@sealgate/core/faults';
import { createVirtualClock } from '@sealgate/testkit';
import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { expect, test } from 'vitest';
import { createGuardedCache } from './guarded-cache.ts';
import { UNKNOWN_CHANGE_MS } from './limits.ts';

interface Box {
  readonly n: number;
}

const newCache = (clock = createVirtualClock()) => createGuardedCache<string, Box>(new LRUCache({ max: 10 }), clock);

test('answers from memory after the first load', async () => {
  const cache = newCache();
  let loads = 0;
  const load = () => {
    loads += 1;
    return Promise.resolve({ n: 1 });
  };
  expect(await cache.get('a', load)).toEqual({ n: 1 });
  expect(await cache.get('a', load)).toEqual({ n: 1 });
  expect(loads).toBe(1);
});

test('a missing value is not kept', async () => {
  const cache = newCache();
  expect(await cache.get('a', () => Promise.resolve(undefined))).toBeUndefined();
  expect(await cache.get('a', () => Promise.resolve({ n: 2 }))).toEqual({ n: 2 });
});

test('a load that began before a change is answered but not kept', async () => {
  const cache = newCache();
  const { promise, resolve } = Promise.withResolvers<Box>();
  const early = cache.get('a', () => promise);
  await cache.change('a', () => Promise.resolve());
  resolve({ n: 1 });
  expect(await early).toEqual({ n: 1 });
  expect(await cache.get('a', () => Promise.resolve({ n: 2 }))).toEqual({ n: 2 });
});

test.each(['change', 'changeAll'] as const)(
  'nothing is kept while a %s without an answer may still land',
  async (kind) => {
    const clock = createVirtualClock();
    const cache = newCache(clock);
    const run = () => Promise.reject(new Fault('DatabaseUnavailable', 'away'));
    await expect(kind === 'change' ? cache.change('a', run) : cache.changeAll(run)).rejects.toThrow('away');
    let stored = 1;
    const load = () => Promise.resolve({ n: stored });
    expect(await cache.get('a', load)).toEqual({ n: 1 });
    // It lands now.
    stored = 2;
    expect(await cache.get('a', load)).toEqual({ n: 2 });
    await clock.advance(UNKNOWN_CHANGE_MS);
    await cache.get('a', load);
    stored = 3;
    expect(await cache.get('a', load)).toEqual({ n: 2 });
  },
);

test('a change that was refused is over', async () => {
  const cache = newCache();
  await expect(cache.change('a', () => Promise.reject(new Fault('NoSuchKey', 'no')))).rejects.toThrow('no');
  await cache.get('a', () => Promise.resolve({ n: 1 }));
  expect(await cache.get('a', () => Promise.resolve({ n: 2 }))).toEqual({ n: 1 });
});

test('whatever the interleaving, a read that begins after a change sees it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('read', 'write', 'writeAll'), { minLength: 2, maxLength: 12 }),
      async (s, steps) => {
        const cache = newCache();
        let stored = 0;
        let acknowledged = 0;
        const runs = steps.map(async (step, i) => {
          await s.schedule(Promise.resolve(), `begin ${step} ${i}`);
          if (step === 'read') {
            const floor = acknowledged;
            const seen = await cache.get('a', async () => {
              await s.schedule(Promise.resolve(), `query ${i}`);
              const row = { n: stored };
              await s.schedule(Promise.resolve(), `answer ${i}`);
              return row;
            });
            expect(seen?.n).toBeGreaterThanOrEqual(floor);
            return;
          }
          const write = async () => {
            await s.schedule(Promise.resolve(), `send ${i}`);
            stored += 1;
            const mine = stored;
            await s.schedule(Promise.resolve(), `commit answer ${i}`);
            return mine;
          };
          const mine = await (step === 'write' ? cache.change('a', write) : cache.changeAll(write));
          acknowledged = Math.max(acknowledged, mine);
        });
        await s.waitIdle();
        await Promise.all(runs);
      },
    ),
    { numRuns: 500 },
  );
});
