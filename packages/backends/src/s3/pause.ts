import type { Clock } from '@sealgate/core/ports';

/** The longest delay that a timer knows. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Waits. Rejects with the signal's reason when it is aborted meanwhile. Timers of the clock do not keep the process
 * alive, but somebody waits for this one: without the hold a command would end in the middle of its retry.
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const hold = setTimeout(() => undefined, FOREVER_MS);
    const end = (settle: () => void): void => {
      clearTimeout(hold);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => {
      cancel();
      end(() => reject(signal.reason as Error));
    };
    const cancel = clock.schedule(ms, () => end(resolve));
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
