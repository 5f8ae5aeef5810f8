import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from './virtual-clock.ts';

describe('virtual clock', () => {
  it('runs timers in order of their time, equal ones in order of scheduling', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 20 }), async (delays) => {
        const clock = createVirtualClock();
        const seen: [number, number][] = [];
        for (const [i, delay] of delays.entries()) clock.schedule(delay, () => seen.push([clock.monotonic(), i]));
        await clock.advance(20);
        const wanted = delays.map((delay, i) => [delay, i]).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
        expect(seen).toEqual(wanted);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('moves only as far as it is told, and runs what timers set off', async () => {
    const clock = createVirtualClock({ startMs: 1000 });
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      clock.schedule(10, again);
    };
    clock.schedule(10, again);
    await clock.advance(35);
    expect(seen).toEqual([1010, 1020, 1030]);
    expect([clock.now(), clock.monotonic()]).toEqual([1035, 35]);
  });

  it('forgets a timer that was cancelled', async () => {
    const clock = createVirtualClock();
    const cancel = clock.schedule(5, () => expect.unreachable());
    cancel();
    await clock.advance(10);
  });

  it('jumps to the end of work, and says so when there is none', async () => {
    const clock = createVirtualClock();
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.schedule(ms, resolve));
    const work = async (): Promise<string> => {
      for (let i = 0; i < 5; i += 1) await sleep(3_600_000);
      return 'done';
    };
    expect(await clock.run(work())).toBe('done');
    expect(clock.monotonic()).toBe(5 * 3_600_000);
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('Deadlock');
    await expect(clock.run(Promise.reject(new Error('as it is')))).rejects.toThrow('as it is');
  });
});
