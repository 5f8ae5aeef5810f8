/** Time and waiting, so that the simulator can own both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** A monotonic reading in milliseconds, for measuring and for deadlines. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`, unless the returned function is called before. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** Ends after `ms`, or at once when the signal aborts. */
export function pause(clock: Pick<Clock, 'schedule'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(ms, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/** The machine's clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
