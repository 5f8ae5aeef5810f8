import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@sealgate/core/ports';

/**
 * Turns of the event loop, and milliseconds, without progress after which a run counts as stuck. Both: threads may be at work
 * that no timer tells of.
 */
const STUCK_TURNS = 1000;
const STUCK_MS = 2000;

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

export interface VirtualClock extends Clock {
  /** Lets time pass: timers run in order of their due time, everything they set off settles in between. */
  advance(ms: number): Promise<void>;
  /**
   * Waits for `work` while time jumps from timer to timer. @throws Error when it waits for something that no timer and
   * no event brings: a deadlock of the code under test
   */
  run<T>(work: Promise<T>): Promise<T>;
  /** Runs everything that needs no time to pass. */
  settle(): Promise<void>;
  readonly pendingTimers: number;
}

/** Time that moves only when a test says so. */
export function createVirtualClock(
  options: {
    /** Milliseconds since 1970. */
    readonly startMs?: number;
    /** True while work is under way that is no timer (thread pool, sockets): time then stands still until it is done. */
    readonly busy?: () => boolean;
  } = {},
): VirtualClock {
  const startMs = options.startMs ?? Date.UTC(2030, 0, 1);
  const busy = options.busy ?? (() => false);
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let scheduled = 0;

  const nextTimer = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      const sooner = first === undefined || timer.dueMs < first.dueMs;
      if (sooner || (timer.dueMs === first?.dueMs && timer.order < first.order)) first = timer;
    }
    return first;
  };

  const settle = async (): Promise<void> => {
    do await nextTurn();
    while (busy());
  };

  const fire = async (timer: Timer): Promise<void> => {
    timers.delete(timer);
    elapsedMs = Math.max(elapsedMs, timer.dueMs);
    timer.run();
    await settle();
  };

  return {
    // Whole milliseconds, as Date.now() gives.
    now: () => startMs + Math.floor(elapsedMs),
    monotonic: () => elapsedMs,
    schedule(delayMs, run) {
      const timer = { dueMs: elapsedMs + Math.max(0, delayMs), order: scheduled, run };
      scheduled += 1;
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settle();
      for (let timer = nextTimer(); timer !== undefined && timer.dueMs <= untilMs; timer = nextTimer()) {
        await fire(timer);
      }
      elapsedMs = untilMs;
    },
    async run<T>(work: Promise<T>): Promise<T> {
      const progress = { done: false };
      const finish = (): void => {
        progress.done = true;
      };
      work.then(finish, finish);
      let idleSinceMs = 0;
      for (let idle = 0; ; ) {
        await settle();
        if (progress.done) return await work;
        const timer = nextTimer();
        if (timer === undefined) {
          if (idle === 0) idleSinceMs = performance.now();
          idle += 1;
          if (idle > STUCK_TURNS && performance.now() - idleSinceMs > STUCK_MS)
            throw new Error('Deadlock: nothing is scheduled and the work is not done.');
        } else {
          idle = 0;
          await fire(timer);
        }
      }
    },
    settle,
    get pendingTimers() {
      return timers.size;
    },
  };
}
