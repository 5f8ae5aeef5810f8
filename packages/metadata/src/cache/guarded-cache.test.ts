import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { expect, test } from 'vitest';
import { createGuardedCache } from './guarded-cache.ts';

interface Box {
  readonly n: number;
}

const newCache = () => createGuardedCache<string, Box>(new LRUCache({ max: 10 }));

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
