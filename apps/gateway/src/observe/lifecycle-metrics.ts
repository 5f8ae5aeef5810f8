import type { EngineEvents } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

type LifecycleEvents = Pick<
  EngineEvents,
  'lifecycleActed' | 'lifecycleWalked' | 'lifecycleFinished' | 'lifecycleUnreadable' | 'transitionFailed'
>;

/** What the lifecycle of objects did. Only the process that had the work counts. */
export function lifecycleMetrics(registry: Registry): LifecycleEvents {
  const registers = [registry];
  const actions = new Counter({
    name: 'sealgate_lifecycle_actions_total',
    help: 'Versions and uploads that a lifecycle rule was applied to, by action and outcome. changed: a client was first. locked: object lock keeps the version.',
    labelNames: ['action', 'outcome'],
    registers,
  });
  const walked = new Counter({
    name: 'sealgate_lifecycle_versions_walked_total',
    help: 'Versions that were looked at.',
    registers,
  });
  const failures = new Counter({
    name: 'sealgate_lifecycle_failures_total',
    help: 'Transitions that could not be made and configurations that could not be read, by fault.',
    labelNames: ['what', 'fault'],
    registers,
  });
  const last = new Gauge({
    name: 'sealgate_lifecycle_last_run_timestamp_seconds',
    help: 'When the last run over all buckets began that has come to its end.',
    registers,
    aggregator: 'max',
  });
  const duration = new Gauge({
    name: 'sealgate_lifecycle_last_run_duration_seconds',
    help: 'How long that run took.',
    registers,
    aggregator: 'max',
  });
  return {
    lifecycleActed: (action, outcome) => actions.inc({ action, outcome }),
    lifecycleWalked: (versions) => walked.inc(versions),
    lifecycleFinished(startedMs, durationMs) {
      last.set(startedMs / 1000);
      duration.set(durationMs / 1000);
    },
    lifecycleUnreadable: (_bucketId, fault) => failures.inc({ what: 'configuration', fault: fault.code }),
    transitionFailed: (fault) => failures.inc({ what: 'transition', fault: fault.code }),
  };
}
