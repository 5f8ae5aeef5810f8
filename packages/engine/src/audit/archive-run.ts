import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { AuditActor, AuditStore, BackendPool, Clock, Metadata, Retention } from '@sealgate/core/ports';
import { createInTime } from '../backup/in-time.ts';
import { takesArchiveLocks } from '../backup/open-places.ts';
import type { BackupTarget } from '../backup/write-backup.ts';
import type { DocumentRecipient } from '../documents/index.ts';
import type { EngineLimits } from '../limits.ts';
import type { LayeredPolicies } from '../placement/policies.ts';
import { ARCHIVE_CURSOR, type ArchivePosition, type ArchiveRecord } from './archive-position.ts';
import type { Checkpoints } from './checkpoints.ts';

export interface ArchiveOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From one archive to the next; 0: none is made, and those that are there are looked after. */
  readonly intervalMs: number;
  /** What archives are sealed to; without it none is made. */
  readonly recipient: DocumentRecipient | undefined;
  readonly compress: (text: AsyncIterable<Uint8Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Places that an archive goes to; with fewer it is none. */
  readonly copies: number;
  /** Of those, so many must keep it by object lock; with fewer it is none. */
  readonly lockedCopies: number;
  /** The policy that says where; undefined: the operator's default one. */
  readonly policy: string | undefined;
  /** How long object lock keeps an archive where there is any; 0: not. */
  readonly lockMs: number;
  readonly lockMode: Retention['mode'];
  readonly signal: AbortSignal;
}

export interface ArchiveDeps {
  readonly metadata: Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'databaseTime'>;
  readonly store: AuditStore;
  readonly checkpoints: Checkpoints;
  readonly pool: BackendPool;
  readonly policies: Pick<LayeredPolicies, 'forOperator'>;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly onFailed: (fault: Fault) => void;
  /** Which archives are known, the newest first. Called every round. */
  readonly onSeen: (made: readonly ArchiveRecord[]) => void;
}

export const ARCHIVE_ACTOR: AuditActor = { kind: 'system', id: ARCHIVE_CURSOR, requestId: '' };

/** One round of work at archives, by the process that has the lease. */
export interface ArchiveRun {
  readonly deps: ArchiveDeps;
  readonly options: ArchiveOptions;
  readonly nowMs: number;
  readonly inTime: ReturnType<typeof createInTime>;
  /** @throws Fault Conflict when another process has the work by now */
  save(position: ArchivePosition, leaseMs?: number): Promise<void>;
  /** @throws when the work is to end */
  failed(backend: BackendId, error: unknown): void;
  /** Those of the targets where an archive can be kept from removal. */
  lockable(targets: readonly BackupTarget[]): ReadonlySet<BackendId>;
  /** Retains one key of an archive. */
  retain(target: BackupTarget, key: string, untilMs: number): Promise<void>;
}

export function createRun(deps: ArchiveDeps, options: ArchiveOptions, nowMs: number): ArchiveRun {
  const { metadata, clock, limits, pool } = deps;
  const { holder, signal, lockMode: mode } = options;
  const inTime = createInTime({ clock, signal, ms: limits.backupTimeoutMs });
  return {
    ...{ deps, options, nowMs, inTime },
    async save(position, leaseMs = limits.backupLeaseMs) {
      if (!(await metadata.saveCursor(ARCHIVE_CURSOR, holder, { position, leaseMs }))) {
        throw new Fault('Conflict', 'Another process makes the archive.');
      }
    },
    failed(backend, error) {
      if (signal.aborted) throw error;
      const fault = toFault(error);
      pool.report(backend, { kind: 'failed', code: fault.code });
      deps.onFailed(fault);
    },
    lockable(targets) {
      const all = new Map(pool.all().map((backend) => [backend.id, backend]));
      const able = targets.filter(({ id, driver }) => {
        const backend = all.get(id);
        return backend !== undefined && takesArchiveLocks(backend, driver);
      });
      return new Set(able.map(({ id }) => id));
    },
    retain: ({ driver, bucket }, key, untilMs) =>
      inTime(async (late) => driver.retain?.(bucket, key, { untilMs, mode, signal: late })),
  };
}
