import type { Clock } from '@sealgate/core/ports';

/** The promise, or a rejection when it is late: by the clock, but not because this process was busy itself. */
export function within<T>(clock: Clock, waitMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // An answer that came while the process did something else is read before the second timer runs.
    const late = (): void => reject(new Error(`no answer in ${waitMs} ms`));
    let cancel = clock.schedule(waitMs, () => {
      cancel = clock.schedule(0, late);
    });
    promise.then(resolve, reject).finally(() => cancel());
  });
}
