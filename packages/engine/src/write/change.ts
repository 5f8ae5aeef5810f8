import type { Clock } from '@sealgate/core/ports';

/** Lets one waiter sleep until something changed. */
export interface Change {
  notify(): void;
  /** True on the next change, false after `ms`. Rejects with the signal's reason when it aborts. One waiter at a time. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
}

export function createChange(clock: Clock): Change {
  let wake: (() => void) | undefined;
  return {
    notify() {
      wake?.();
    },
    wait(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      if (signal.aborted) {
        reject(signal.reason as Error);
        return promise;
      }
      const done = (settle: () => void): void => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        wake = undefined;
        settle();
      };
      const cancel = clock.schedule(ms, () => done(() => resolve(false)));
      const onAbort = (): void => done(() => reject(signal.reason as Error));
      signal.addEventListener('abort', onAbort, { once: true });
      wake = () => done(() => resolve(true));
      return promise;
    },
  };
}
