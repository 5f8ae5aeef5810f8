import type { LifecycleOptions } from '@sealgate/engine';
import { fakeClock, settle } from '@sealgate/runtime/testing';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createLifecycleLoop } from './lifecycle.ts';

async function firstStep(config: { lifecycleDaySeconds: number; lifecycleIntervalSeconds?: number }) {
  const steps: LifecycleOptions[] = [];
  const clock = fakeClock();
  const loop = createLifecycleLoop({
    clock,
    logger: pino({ level: 'silent' }),
    metrics: { background: () => undefined },
    engine: { lifecycleDue: (options) => Promise.resolve(steps.push(options) === 0 ? 1 : 0) },
    config: { lifecycleIntervalSeconds: undefined, ...config },
    holder: 'this process',
  });
  loop.start();
  await settle();
  const taken = steps.length;
  // A tenth of the interval later it looks again, and not before.
  clock.advance((steps[0]?.intervalMs ?? 0) / 10 - 1);
  await settle();
  expect(steps).toHaveLength(taken);
  clock.advance(1);
  await settle();
  expect(steps).toHaveLength(taken + 1);
  await loop.stop(0);
  return steps[0];
}

it('runs four times a day, whatever a day is, or as often as it is told to', async () => {
  const short = { dayMs: 10_000, roundsUp: false };
  expect(await firstStep({ lifecycleDaySeconds: 10 })).toMatchObject({ intervalMs: 2500, calendar: short });
  const told = await firstStep({ lifecycleDaySeconds: 86_400, lifecycleIntervalSeconds: 30 });
  expect(told).toMatchObject({
    intervalMs: 30_000,
    calendar: { dayMs: 86_400_000, roundsUp: true },
    holder: 'this process',
  });
});
