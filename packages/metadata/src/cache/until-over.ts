import { isFault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import { UNKNOWN_CHANGE_MS } from './limits.ts';

/** Whether a change that failed so may be made yet: nobody knows what became of it. */
const mayStillLand = (error: unknown): boolean =>
  !isFault(error) || isFault(error, 'DatabaseUnavailable', 'InternalError');

/** Makes a change, and calls `over` when it is over: when it was answered, or when it cannot land any more. */
export async function untilOver<T>(
  clock: Pick<Clock, 'schedule'>,
  run: () => Promise<T>,
  over: () => void,
): Promise<T> {
  let result: T;
  try {
    result = await run();
  } catch (error) {
    // The database may have done it, or do it yet.
    if (mayStillLand(error)) clock.schedule(UNKNOWN_CHANGE_MS, over);
    else over();
    throw error;
  }
  over();
  return result;
}
