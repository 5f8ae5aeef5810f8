import { describe, expect, test } from 'vitest';
import { runSchedule } from './support/run-schedule.ts';

/** Schedules of one `npm test`; `npm run sim` runs as many as one likes. */
const SCHEDULES = 300;
const BATCH = 50;

/** SEED=n replays one schedule. */
const replayed = process.env['SEED'];

describe.runIf(replayed !== undefined)('the schedule of SEED', () => {
  test(`keeps every promise: ${replayed ?? ''}`, async () => {
    const { violations } = await runSchedule({ seed: Number(replayed) });
    expect(violations).toEqual([]);
  });
});

describe.runIf(replayed === undefined)('seeded schedules', () => {
  test.each(Array.from({ length: SCHEDULES / BATCH }, (_, i) => i * BATCH))(
    'keep every promise, from seed %i',
    async (first) => {
      const total = { acknowledged: 0, incidents: 0, crashes: 0, cacheHits: 0, movedAbroad: 0 };
      for (let seed = first; seed < first + BATCH; seed += 1) {
        const report = await runSchedule({ seed });
        expect(report.violations, `replay with SEED=${seed} or npm run sim -- --seed ${seed}`).toEqual([]);
        total.acknowledged += report.acknowledged;
        total.incidents += report.incidents;
        total.crashes += report.crashes;
        total.cacheHits += report.cacheHits;
        total.movedAbroad += report.movedAbroad;
      }
      // Schedules in which nothing works, or nothing goes wrong, would prove nothing.
      expect(total.acknowledged).toBeGreaterThan(5 * BATCH);
      expect(total.incidents).toBeGreaterThan(5 * BATCH);
      expect(total.crashes).toBeGreaterThan(BATCH / 5);
      expect(total.cacheHits).toBeGreaterThan(BATCH / 5);
      expect(total.movedAbroad).toBeGreaterThan(BATCH / 10);
    },
  );

  test('give the same run for the same seed', async () => {
    for (const seed of [7, 16, 41]) {
      const [first, second] = [await runSchedule({ seed }), await runSchedule({ seed })];
      expect(second).toEqual(first);
      expect(first.trace).not.toBe((await runSchedule({ seed: seed + 1 })).trace);
    }
  });
});
