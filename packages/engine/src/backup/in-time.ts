import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';

/** Makes one call to a place, with a bound of time. */
export type InTime = <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Each call ends with the signal, or as BackendTimeout after `ms`. */
export function createInTime(deps: {
  readonly clock: Pick<Clock, 'schedule'>;
  readonly signal: AbortSignal;
  readonly ms: number;
}): InTime {
  const { clock, signal, ms } = deps;
  return async (call) => {
    const late = new AbortController();
    const cancel = clock.schedule(ms, () =>
      late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
    );
    try {
      return await call(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  };
}
