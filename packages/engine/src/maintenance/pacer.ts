import { type Clock, pause } from '@sealgate/core/ports';

/** So much may be done ahead of the budget, so that small reads need not wait each. */
const AHEAD_MS = 500;

/** Keeps work within a budget of bytes a second, over all that it is spent on. */
export interface Pacer {
  /** Resolves when the work that follows these bytes may go on. */
  spend(bytes: number, bytesPerSecond: number, signal: AbortSignal): Promise<void>;
}

export function createPacer(clock: Clock): Pacer {
  let paidUntilMs = 0;
  return {
    async spend(bytes, bytesPerSecond, signal) {
      const now = clock.monotonic();
      paidUntilMs = Math.max(paidUntilMs, now) + (bytes / bytesPerSecond) * 1000;
      const waitMs = paidUntilMs - now - AHEAD_MS;
      if (waitMs <= 0) return;
      await pause(clock, waitMs, signal);
      signal.throwIfAborted();
    },
  };
}
