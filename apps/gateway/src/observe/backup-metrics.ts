import type { EngineEvents } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Backups of the metadata. Every process that does background work knows of all of them. */
export function backupMetrics(registry: Registry): Pick<EngineEvents, 'backupsSeen' | 'backupFailed'> {
  const registers = [registry];
  const shape = { registers, aggregator: 'max' as const };
  const newest = new Gauge({
    ...shape,
    name: 'sealgate_metadata_backup_newest_timestamp_seconds',
    help: 'When the newest backup of the metadata was begun that was verified on its backends. 0: there is none. Its age is time() less this.',
  });
  const bytes = new Gauge({
    ...shape,
    name: 'sealgate_metadata_backup_newest_bytes',
    help: 'Size of one copy of that backup.',
  });
  const copies = new Gauge({
    ...shape,
    name: 'sealgate_metadata_backup_newest_copies',
    help: 'Backends that hold that backup.',
  });
  const kept = new Gauge({
    ...shape,
    name: 'sealgate_metadata_backups',
    help: 'Backups of the metadata that are kept.',
  });
  const failures = new Counter({
    name: 'sealgate_metadata_backup_failures_total',
    help: 'Backups of the metadata, or copies of them, that could not be made and are tried again, by fault.',
    labelNames: ['fault'],
    registers,
  });
  return {
    backupsSeen(records) {
      const [first] = records;
      newest.set((first?.takenAtMs ?? 0) / 1000);
      bytes.set(first?.bytes ?? 0);
      copies.set(first?.places.length ?? 0);
      kept.set(records.length);
    },
    backupFailed: (fault) => failures.inc({ fault: fault.code }),
  };
}
