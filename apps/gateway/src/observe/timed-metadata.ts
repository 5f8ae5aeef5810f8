import { isFault } from '@sealgate/core/faults';
import type { Clock, Metadata } from '@sealgate/core/ports';
import type { Metrics } from './metrics.ts';

/** The metadata with the time of every call measured. A refusal by the database's rules counts as answered. */
export function timedMetadata(metadata: Metadata, metrics: Pick<Metrics, 'database'>, clock: Clock): Metadata {
  const timed: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(metadata)) {
    timed[name] = typeof member === 'function' ? timeCalls(name, member as Method) : (member as unknown);
  }
  return timed as unknown as Metadata;

  function timeCalls(name: string, method: Method): Method {
    return async (...args) => {
      const startedMs = clock.monotonic();
      try {
        const answer = await method(...args);
        metrics.database(name, clock.monotonic() - startedMs, true);
        return answer;
      } catch (error) {
        metrics.database(name, clock.monotonic() - startedMs, !isFault(error, 'DatabaseUnavailable', 'InternalError'));
        throw error;
      }
    };
  }
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;
