import { expect, it } from 'vitest';
import { nextRestart } from './restart-delay.ts';

it('doubles from quick end to quick end, up to a bound, and forgets after a long life', () => {
  const delays: number[] = [];
  let ends = 0;
  for (let i = 0; i < 10; i += 1) {
    const next = nextRestart(ends, 500);
    delays.push(next.delayMs);
    ends = next.quickEnds;
  }
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  expect(nextRestart(ends, 60_000)).toEqual({ delayMs: 100, quickEnds: 1 });
});
