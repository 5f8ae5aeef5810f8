import type { EngineEvents } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

type SweepEvents = Pick<EngineEvents, 'swept' | 'sweepFinished' | 'sweepFailed' | 'strayRemoved' | 'vacuumed'>;

/** What the sweep for orphans and the vacuum did. Only the process that had the work counts. */
export function sweepMetrics(registry: Registry): SweepEvents {
  const registers = [registry];
  const keys = new Counter({
    name: 'sealgate_sweep_keys_total',
    help: 'Keys of a backend that the sweep for orphans looked at.',
    labelNames: ['backend'],
    registers,
  });
  const found = new Counter({
    name: 'sealgate_sweep_found_total',
    help: 'What was found that no row names. unknown: a blob that nothing knows. misplaced: a copy where its blob has none. foreign: a key that no part of Sealgate makes; it is left alone.',
    labelNames: ['backend', 'what'],
    registers,
  });
  const removed = new Counter({
    name: 'sealgate_sweep_strays_removed_total',
    help: 'Misplaced copies that were removed. Unknown blobs go through the deletion queue.',
    labelNames: ['backend'],
    registers,
  });
  const failures = new Counter({
    name: 'sealgate_sweep_failures_total',
    help: 'Steps of the sweep that could not be done and are tried again, by fault.',
    labelNames: ['backend', 'fault'],
    registers,
  });
  const vacuumed = new Counter({
    name: 'sealgate_vacuum_rows_total',
    help: 'Rows of the metadata that were removed because they had been kept long enough, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const shape = { labelNames: ['backend'], registers, aggregator: 'max' as const };
  const last = new Gauge({
    ...shape,
    name: 'sealgate_sweep_last_run_timestamp_seconds',
    help: 'When the last sweep over all of the backend began that has come to its end.',
  });
  const foreign = new Gauge({
    ...shape,
    name: 'sealgate_sweep_foreign_keys',
    help: 'Foreign keys that the last sweep over all of the backend met.',
  });
  return {
    swept(backend, { keys: looked, ...page }) {
      keys.inc({ backend }, looked);
      for (const [what, count] of Object.entries(page)) if (count > 0) found.inc({ backend, what }, count);
    },
    sweepFinished(backend, { startedMs, counts }) {
      last.set({ backend }, startedMs / 1000);
      foreign.set({ backend }, counts.foreign);
    },
    sweepFailed: (backend, fault) => failures.inc({ backend, fault: fault.code }),
    vacuumed: (kind, rows) => vacuumed.inc({ kind }, rows),
    strayRemoved: (backend) => removed.inc({ backend }),
  };
}
