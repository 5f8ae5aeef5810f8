import type { CacheEvents } from '@sealgate/metadata/cache';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const STATES = ['off', 'waiting', 'on', 'cut', 'expired'] as const;
type CacheState = (typeof STATES)[number];

const WAIT_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface CacheMetrics {
  readonly cacheEvents: CacheEvents;
  /** Shows the state of the shared cache whenever somebody looks. */
  watchCache(state: () => CacheState): void;
}

/** The cache that several processes share. One process alone has none. */
export function cacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry];
  const lookups = new Counter({
    name: 'sealgate_cache_lookups_total',
    help: 'Answers asked of the shared cache: hit; miss; busy, while a change is under way; bypass, where only the database could be asked.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const fills = new Counter({
    name: 'sealgate_cache_fills_total',
    help: 'Answers brought to the shared cache: kept, or refused because a change overtook them or the cache is gone.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const waits = new Histogram({
    name: 'sealgate_cache_change_wait_seconds',
    help: 'Time that a change of metadata waited for other processes before it began; those that did not wait are not counted.',
    buckets: WAIT_SECONDS,
    registers,
  });
  return {
    cacheEvents: {
      lookup: (kind, outcome) => lookups.inc({ kind, outcome }),
      fill: (kind, kept) => fills.inc({ kind, outcome: kept ? 'kept' : 'refused' }),
      changeWaited: (ms) => waits.observe(ms / 1000),
    },
    watchCache(state) {
      // One for each registry: a second call would be a second process.
      new Gauge({
        name: 'sealgate_cache_state',
        help: '1 for the state that the shared cache is in for a process, of several their mean: off, nobody uses one; waiting, for other processes; on; cut, this process does not reach it; expired, the database does not answer.',
        labelNames: ['state'],
        registers,
        aggregator: 'average',
        collect() {
          const now = state();
          for (const each of STATES) this.set({ state: each }, each === now ? 1 : 0);
        },
      });
    },
  };
}
