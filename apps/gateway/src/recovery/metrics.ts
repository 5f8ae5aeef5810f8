import type { EngineEvents } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface RecoveryMetrics extends Pick<EngineEvents, 'manifestFailed' | 'manifestsCaughtUp'> {
  buckets(count: { readonly byOwner: number; readonly others: number }, operatorHasKey: boolean): void;
}

/** How far recovery manifests are. Only the process that had the work knows. */
export function recoveryMetrics(registry: Registry): RecoveryMetrics {
  const registers = [registry];
  const failures = new Counter({
    name: 'sealgate_recovery_manifest_failures_total',
    help: 'Recovery manifests that could not be written, by fault. They are tried again.',
    labelNames: ['fault'],
    registers,
  });
  const current = new Gauge({
    name: 'sealgate_recovery_manifests_current_timestamp_seconds',
    help: 'Everything that was committed by then is in recovery manifests, but for buckets that failed.',
    registers,
    aggregator: 'max',
  });
  const buckets = new Gauge({
    name: 'sealgate_recovery_buckets',
    help: 'Buckets by who can recover them from backends alone: their owner, the operator, or nobody.',
    labelNames: ['by'],
    registers,
    aggregator: 'max',
  });
  return {
    manifestFailed: (_bucketId, fault) => failures.inc({ fault: fault.code }),
    manifestsCaughtUp(atMs) {
      if (atMs !== undefined) current.set(atMs / 1000);
    },
    buckets({ byOwner, others }, operatorHasKey) {
      buckets.set({ by: 'owner' }, byOwner);
      buckets.set({ by: 'operator' }, operatorHasKey ? others : 0);
      buckets.set({ by: 'nobody' }, operatorHasKey ? 0 : others);
    },
  };
}
