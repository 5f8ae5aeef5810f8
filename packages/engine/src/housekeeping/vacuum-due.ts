import type { AuditActor, CursorPosition, Metadata, VacuumKind } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';

export interface VacuumOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From the beginning of one run to that of the next. */
  readonly intervalMs: number;
  /** How long rows are kept after they became of no use. */
  readonly keepMs: Readonly<Record<VacuumKind, number>>;
  readonly signal: AbortSignal;
}

export interface VacuumDeps {
  readonly metadata: Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'databaseTime' | 'vacuum'>;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

/** The durable position of the vacuum. */
export const VACUUM_CURSOR = 'vacuum';

const KINDS = ['strays', 'probes', 'buckets', 'usage', 'snapshots'] as const satisfies readonly VacuumKind[];

/** The last run that has come to its end; times are the database's, milliseconds since 1970. */
export interface VacuumRun {
  readonly startedMs: number;
  readonly removed: Readonly<Record<VacuumKind, number>>;
}

/**
 * One run over all kinds of rows that are kept for a while only, in bounded batches.
 * @returns 1 when it ran, 0 when no run is due or another process has it
 */
export async function vacuumDue(deps: VacuumDeps, options: VacuumOptions): Promise<number> {
  const { metadata, limits, events } = deps;
  const { holder, signal } = options;
  const lease = await metadata.leaseCursor(VACUUM_CURSOR, holder, limits.vacuumLeaseMs);
  if (lease === undefined) return 0;
  const startedMs = await metadata.databaseTime();
  const last = readVacuumRun(lease.position);
  if (startedMs < (last?.startedMs ?? 0) + options.intervalMs) {
    await metadata.saveCursor(VACUUM_CURSOR, holder, { position: lease.position, leaseMs: 0 });
    return 0;
  }
  const actor: AuditActor = { kind: 'system', id: VACUUM_CURSOR, requestId: `run-${startedMs}` };
  const removed = { strays: 0, probes: 0, buckets: 0, usage: 0, snapshots: 0 };
  for (const kind of KINDS) {
    const limit = kind === 'snapshots' ? limits.vacuumSnapshots : limits.vacuumBatch;
    for (let batch = limit; batch >= limit; ) {
      signal.throwIfAborted();
      batch = await metadata.vacuum({ kind, keepMs: options.keepMs[kind], limit, actor });
      removed[kind] += batch;
      events.vacuumed(kind, batch);
      const held = await metadata.saveCursor(VACUUM_CURSOR, holder, {
        position: lease.position,
        leaseMs: limits.vacuumLeaseMs,
      });
      if (!held) return 0;
    }
  }
  const position: VacuumRun = { startedMs, removed };
  await metadata.saveCursor(VACUUM_CURSOR, holder, { position, leaseMs: 0 });
  return 1;
}

/** What cannot be read never was. */
export function readVacuumRun(saved: CursorPosition): VacuumRun | null {
  if (typeof saved !== 'object' || saved === null) return null;
  const { startedMs, removed } = saved as { readonly startedMs?: unknown; readonly removed?: unknown };
  if (typeof startedMs !== 'number' || typeof removed !== 'object' || removed === null) return null;
  const counts = removed as Readonly<Record<string, unknown>>;
  const number = (kind: VacuumKind): number => (typeof counts[kind] === 'number' ? counts[kind] : 0);
  const [strays, probes, buckets, usage, snapshots] = KINDS.map(number) as [number, number, number, number, number];
  return { startedMs, removed: { strays, probes, buckets, usage, snapshots } };
}
