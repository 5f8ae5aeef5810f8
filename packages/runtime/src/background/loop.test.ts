import { Fault } from '@sealgate/core/faults';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { fakeClock, settle } from '../testing/fakes.ts';
import { createLoop } from './loop.ts';

function setUp(
  run: (call: number, signal: AbortSignal) => Promise<number>,
  { concurrency = 1, fullRound }: { readonly concurrency?: number; readonly fullRound?: number } = {},
) {
  const clock = fakeClock();
  const noted: string[] = [];
  let calls = 0;
  const loop = createLoop({
    name: 'deletions',
    concurrency,
    clock,
    logger: pino({ level: 'silent' }),
    metrics: { background: (_loop, taken, ok) => noted.push(ok ? String(taken) : 'failed') },
    pace: { idleMs: 1000, backoffMs: 100, backoffMaxMs: 400, ...(fullRound === undefined ? {} : { fullRound }) },
    run: ({ signal }) => {
      calls += 1;
      return run(calls, signal);
    },
  });
  return { clock, loop, noted, calls: () => calls };
}

describe('a background loop', () => {
  it('goes on at once while there is work, then looks again after a while', async () => {
    const { clock, loop, calls } = setUp((call) => Promise.resolve(call <= 3 ? 5 : 0));
    loop.start();
    await settle();
    expect(calls()).toBe(4);
    clock.advance(999);
    await settle();
    expect(calls()).toBe(4);
    clock.advance(1);
    await settle();
    expect(calls()).toBe(5);
    await loop.stop(0);
  });

  it('goes on at once only after a full round, where it says what that is', async () => {
    const { clock, loop, calls } = setUp((call) => Promise.resolve(call <= 2 ? 10 : 9), { fullRound: 10 });
    loop.start();
    await settle();
    expect(calls()).toBe(3);
    clock.advance(999);
    await settle();
    expect(calls()).toBe(3);
    clock.advance(1);
    await settle();
    expect(calls()).toBe(4);
    expect(loop.status().items).toBe(38);
    await loop.stop(0);
  });

  it('backs off from failures, up to a bound, and forgets them after a success', async () => {
    const { clock, loop, noted, calls } = setUp((call) =>
      call === 6 ? Promise.resolve(0) : Promise.reject(new Error('down')),
    );
    loop.start();
    await settle();
    for (const waitMs of [100, 200, 400, 400, 400]) {
      const before = calls();
      clock.advance(waitMs - 1);
      await settle();
      expect(calls()).toBe(before);
      clock.advance(1);
      await settle();
      expect(calls()).toBe(before + 1);
    }
    expect(noted).toEqual(['failed', 'failed', 'failed', 'failed', 'failed', '0']);
    await loop.stop(0);
  });

  it('lets the batch under way finish, and takes no further one', async () => {
    let finish: (taken: number) => void = () => undefined;
    const { loop, calls } = setUp(() => new Promise((resolve) => (finish = resolve)));
    loop.start();
    const stopped = loop.stop(60_000);
    finish(9);
    await stopped;
    expect(calls()).toBe(1);
  });

  it('aborts what does not finish in time', async () => {
    const { clock, loop } = setUp(
      (_call, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    );
    loop.start();
    const stopped = loop.stop(5000);
    clock.advance(5000);
    await stopped;
  });

  it('tells what it did, and how it failed', async () => {
    const { clock, loop } = setUp((call) => {
      if (call === 2) return Promise.reject(new Fault('DatabaseUnavailable', 'It is away.'));
      return Promise.resolve(call === 1 ? 5 : 0);
    });
    expect(loop.status()).toMatchObject({ name: 'deletions', rounds: 0, lastEndedMs: null, lastError: null });
    loop.start();
    await settle();
    const lastError = { code: 'DatabaseUnavailable', atMs: clock.now() };
    expect(loop.status()).toMatchObject({ running: 0, rounds: 1, items: 5, failures: 1, lastError });
    clock.advance(100);
    await settle();
    expect(loop.status()).toMatchObject({ rounds: 2, items: 5, failures: 0, lastEndedMs: clock.now(), lastError });
    await loop.stop(0);
  });

  it('keeps its concurrency', async () => {
    const { loop, calls } = setUp(() => new Promise(() => undefined), { concurrency: 3 });
    loop.start();
    await settle();
    expect(calls()).toBe(3);
  });
});
