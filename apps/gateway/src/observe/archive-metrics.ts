import type { Fault } from '@sealgate/core/faults';
import type { ArchiveRecord } from '@sealgate/engine';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Archives of the audit log. Every process that does background work knows of the newest. */
export interface ArchiveMetrics {
  seen(made: readonly ArchiveRecord[]): void;
  failed(fault: Fault): void;
}

export function archiveMetrics(registry: Registry): ArchiveMetrics {
  const registers = [registry];
  const shape = { registers, aggregator: 'max' as const };
  const newest = new Gauge({
    ...shape,
    name: 'sealgate_audit_archive_newest_timestamp_seconds',
    help: 'When the newest archive of the audit log was begun that was verified on its backends. 0: there is none. Its age is time() less this.',
  });
  const copies = new Gauge({
    ...shape,
    name: 'sealgate_audit_archive_newest_copies',
    help: 'Backends that hold that archive.',
  });
  const locked = new Gauge({
    ...shape,
    name: 'sealgate_audit_archive_newest_locked_copies',
    help: 'Those of them whose object lock keeps it. Fewer than 2: who has the keys of the others can remove it.',
  });
  const failures = new Counter({
    name: 'sealgate_audit_archive_failures_total',
    help: 'Archives of the audit log, or copies of them, that could not be made or moved and are tried again, by fault.',
    labelNames: ['fault'],
    registers,
  });
  return {
    seen([first]) {
      newest.set((first?.takenAtMs ?? 0) / 1000);
      copies.set(first?.places.length ?? 0);
      locked.set(first?.locked.length ?? 0);
    },
    failed: (fault) => failures.inc({ fault: fault.code }),
  };
}
