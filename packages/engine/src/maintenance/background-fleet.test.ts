import { BACKGROUND_BYTES_PER_SECOND_MIN } from '@sealgate/core/limits';
import { parseBackendId } from '@sealgate/core/names';
import type { BackendPool } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backend } from '../testing/fixtures.ts';
import {
  type BackgroundFleet,
  createBackgroundFleet,
  holdSlot,
  limitsOfPart,
  SLOT_LOOK_MS,
} from './background-fleet.ts';

const MIB = 1024 * 1024;
const x = parseBackendId('x');
const free = parseBackendId('free');

function setUp() {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock });
  const all = [backend('x', { background: { concurrency: 7 } }), backend('free', { background: {} })];
  const pool = { all: () => all, driver: () => ({}) } as unknown as BackendPool;
  let started = 0;
  const start = (): BackgroundFleet => {
    started += 1;
    return createBackgroundFleet({ metadata, pool, clock, holder: `process ${started}` });
  };
  /** Time goes by while these look as often as they should. */
  const pass = async (ms: number, ...looking: readonly BackgroundFleet[]): Promise<void> => {
    for (let left = ms; left > 0; left -= SLOT_LOOK_MS) {
      for (const fleet of looking) await fleet.look();
      await clock.advance(Math.min(left, SLOT_LOOK_MS));
    }
    for (const fleet of looking) await fleet.look();
  };
  return { clock, metadata, start, pass };
}

describe('the part of a process', () => {
  test('is all of it at once for one that is alone, and nothing is held of backends without a figure', async () => {
    const { metadata, start } = setUp();
    const one = start();
    expect(one.part(x)).toBeUndefined();
    await one.look();
    expect(one.part(x)).toMatchObject({ workers: 1, rank: 0 });
    expect(one.part(free)).toBeUndefined();
    expect(await metadata.listCursors('background-share/')).toHaveLength(1);
  });

  test('is not known to a newcomer before all others have looked', async () => {
    const { start, pass } = setUp();
    const [one, two] = [start(), start()];
    await one.look();
    await two.look();
    expect(one.part(x)).toMatchObject({ workers: 1 });
    expect(two.part(x)).toBeUndefined();
    await pass(15_000, one, two);
    expect(two.part(x)).toBeUndefined();
    await pass(5000, one, two);
    expect([one.part(x), two.part(x)]).toMatchObject([
      { workers: 2, rank: 0 },
      { workers: 2, rank: 1 },
    ]);
  });

  test('is not known any more to one that cannot look, and others take it over when its slot is free', async () => {
    const { start, pass } = setUp();
    const [one, two] = [start(), start()];
    await pass(20_000, one, two);
    await pass(16_000, two);
    expect(one.part(x)).toBeUndefined();
    expect(two.part(x)).toMatchObject({ workers: 2 });
    await pass(20_000, two);
    expect(two.part(x)).toMatchObject({ workers: 1, rank: 0 });
    // It comes back as a newcomer.
    await one.look();
    expect(one.part(x)).toBeUndefined();
  });

  test('goes to the others at once when its holder stops in order', async () => {
    const { metadata, start, pass } = setUp();
    const [one, two] = [start(), start()];
    await pass(20_000, one, two);
    await metadata.releaseCursors(one.holder);
    await two.look();
    expect(two.part(x)).toMatchObject({ workers: 1, rank: 0 });
  });

  test('is never more than there is, whoever comes, goes, dies or cannot look', async () => {
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 1, max: 9000 }) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('look'), who: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('start') }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('stop', 'die'), who: fc.nat(9) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), async (events, whole) => {
        const { clock, metadata, start } = setUp();
        let alive: BackgroundFleet[] = [start(), start()];
        for (const { kind, ...told } of events as { kind: string; ms?: number; who?: number }[]) {
          const one = alive[(told.who ?? 0) % Math.max(1, alive.length)];
          if (kind === 'pass') await clock.advance(told.ms ?? 0);
          else if (kind === 'start' && alive.length < 6) alive = [...alive, start()];
          else if (kind === 'look') await one?.look();
          else if (kind === 'stop' || kind === 'die') {
            if (kind === 'stop' && one !== undefined) await metadata.releaseCursors(one.holder);
            alive = alive.filter((each) => each !== one);
          }
          const parts = alive.map(({ part }) => part(x)).filter((part) => part !== undefined);
          const places = parts.map(({ workers, rank }) => Math.max(0, Math.ceil((whole - rank) / workers)));
          expect(places.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(whole);
          expect(parts.reduce((sum, { workers }) => sum + 1 / workers, 0)).toBeLessThanOrEqual(1.000001);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('parts add up to the whole, and none is too small to work with', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100 }), (workers, concurrency) => {
      const whole = { concurrency, bytesPerSecond: 8 * MIB };
      const parts = Array.from({ length: workers }, (_, rank) => limitsOfPart(whole, { workers, rank }));
      const places = parts.reduce((sum, part) => sum + (part.concurrency ?? 0), 0);
      expect(places).toBe(Math.max(concurrency, workers));
      const bytes = parts.reduce((sum, part) => sum + (part.bytesPerSecond ?? 0), 0);
      expect(bytes).toBeLessThanOrEqual(Math.max(8 * MIB, workers * BACKGROUND_BYTES_PER_SECOND_MIN));
    }),
  );
  const least = { bytesPerSecond: BACKGROUND_BYTES_PER_SECOND_MIN, concurrency: 1 };
  expect(limitsOfPart({ concurrency: 9, bytesPerSecond: 8 * MIB }, undefined)).toEqual(least);
  expect(limitsOfPart({ concurrency: 9 }, { workers: 1, rank: 0 })).toEqual({ concurrency: 9, bytesPerSecond: null });
});

test('nobody gets the slot of another, whatever it asks for', async () => {
  const { metadata } = setUp();
  const hold = (holder: string, slot?: number) => holdSlot(metadata, { backend: x, holder, slot });
  expect(await hold('one')).toEqual({ slot: 0, workers: 1, rank: 0 });
  expect(await hold('two', 0)).toEqual({ slot: 1, workers: 2, rank: 1 });
  expect(await hold('one', 0)).toEqual({ slot: 0, workers: 2, rank: 0 });
});
