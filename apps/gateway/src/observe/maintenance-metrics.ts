import type { EngineEvents } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

type MaintenanceEvents = Pick<
  EngineEvents,
  'placementsWalked' | 'placementsFinished' | 'copyRemoved' | 'scrubbed' | 'scrubFinished'
>;

/** What keeps blobs where they should be, and reads what is there. Only the process that had the work counts. */
export function maintenanceMetrics(registry: Registry): MaintenanceEvents {
  return { ...placementMetrics(registry), ...scrubMetrics(registry) };
}

function placementMetrics(
  registry: Registry,
): Pick<MaintenanceEvents, 'placementsWalked' | 'placementsFinished' | 'copyRemoved'> {
  const registers = [registry];
  const blobs = new Counter({
    name: 'sealgate_placement_blobs_total',
    help: 'Blobs that were compared with where they should be. placed: replicas were placed anew. asked: a repair that should have been waiting was asked for.',
    labelNames: ['what'],
    registers,
  });
  const held = new Gauge({
    name: 'sealgate_backend_replicas',
    help: 'Copies and shards by backend, as the last pass over all blobs found them. leaving: on their way elsewhere. owed: to be made there. blocked: they should leave and cannot.',
    labelNames: ['backend', 'what'],
    registers,
    aggregator: 'max',
  });
  const bytes = new Gauge({
    name: 'sealgate_backend_stored_bytes',
    help: 'Bytes by backend, as the last pass over all blobs found them.',
    labelNames: ['backend'],
    registers,
    aggregator: 'max',
  });
  const last = new Gauge({
    name: 'sealgate_placement_last_pass_timestamp_seconds',
    help: 'When the last pass over all blobs began that has come to its end.',
    registers,
    aggregator: 'max',
  });
  const removed = new Counter({
    name: 'sealgate_placement_copies_removed_total',
    help: 'Copies that were removed because their blob is complete without them.',
    labelNames: ['backend'],
    registers,
  });
  return {
    placementsWalked(walked, { changed, asked }) {
      blobs.inc({ what: 'walked' }, walked);
      blobs.inc({ what: 'placed' }, changed);
      blobs.inc({ what: 'asked' }, asked);
    },
    placementsFinished(report) {
      last.set(report.startedMs / 1000);
      held.reset();
      bytes.reset();
      for (const [backend, tally] of Object.entries(report.backends)) {
        held.set({ backend, what: 'held' }, tally.replicas);
        held.set({ backend, what: 'leaving' }, tally.leaving);
        held.set({ backend, what: 'owed' }, tally.owed);
        held.set(
          { backend, what: 'blocked' },
          tally.blocked.reduce((sum, each) => sum + each.blobs, 0),
        );
        bytes.set({ backend }, tally.bytes);
      }
    },
    copyRemoved: (backend) => removed.inc({ backend }),
  };
}

function scrubMetrics(registry: Registry): Pick<MaintenanceEvents, 'scrubbed' | 'scrubFinished'> {
  const registers = [registry];
  const replicas = new Counter({
    name: 'sealgate_scrub_replicas_total',
    help: 'Replicas that the scrub read, by backend and condition. unread: the backend did not answer.',
    labelNames: ['backend', 'condition'],
    registers,
  });
  const bytes = new Counter({
    name: 'sealgate_scrub_bytes_total',
    help: 'Bytes that the scrub read.',
    labelNames: ['backend'],
    registers,
  });
  const last = new Gauge({
    name: 'sealgate_scrub_last_pass_timestamp_seconds',
    help: 'When the last pass of the scrub over all blobs began that has come to its end.',
    registers,
    aggregator: 'max',
  });
  return {
    scrubbed(backend, condition, count) {
      replicas.inc({ backend, condition });
      bytes.inc({ backend }, count);
    },
    scrubFinished: ({ startedMs }) => last.set(startedMs / 1000),
  };
}
