import type { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId } from '@sealgate/core/names';
import type { VacuumKind } from '@sealgate/core/ports';
import type { BackupRecord } from './backup/position.ts';
import type { FinishedSweep, SweepCounts } from './housekeeping/sweep-position.ts';
import type { Condition } from './maintenance/examine-replica.ts';
import type { PlacementReport } from './maintenance/placement-report.ts';
import type { ScrubReport } from './maintenance/scrub-report.ts';

/** What the lifecycle does to versions and uploads, and how it went: `changed` and `locked` are no failures. */
export type LifecycleAction = 'expire' | 'expire-noncurrent' | 'remove-marker' | 'transition' | 'abort-upload';
export type LifecycleOutcome = 'done' | 'changed' | 'locked' | 'failed';

/** What the engine tells its host, for metrics and logs. Calls must not throw and must return at once. */
export interface EngineEvents {
  /** A write was acknowledged by this many verified copies of `width` wanted ones. */
  acked(redundancyClass: string, copies: number, width: number): void;
  /** A slow copy was given up during a write and left to repair. */
  replicaDetached(backend: BackendId): void;
  /** Copies went to another legal backend because the first choice failed. */
  targetsReplaced(count: number): void;
  /** A read asked a further replica because the first was late. */
  hedged(backend: BackendId): void;
  /** A replica gave wrong or no bytes; repair was asked for. */
  badReplica(blobId: BlobId, backend: BackendId, fault: Fault): void;
  /** Rubbish could not be queued for deletion and is left for the sweep. */
  cleanupFailed(blobId: BlobId, fault: Fault): void;
  /** A backend did not take the retention of a copy; the gateway enforces it as before. */
  lockNotPushed(backend: BackendId, fault: Fault): void;
  lifecycleActed(action: LifecycleAction, outcome: LifecycleOutcome): void;
  /** Versions that were looked at. */
  lifecycleWalked(versions: number): void;
  /** A run over all buckets has ended; times are the database's. */
  lifecycleFinished(startedMs: number, durationMs: number): void;
  /** A stored configuration was not understood: nothing is done by it. */
  lifecycleUnreadable(bucketId: number, fault: Fault): void;
  /** Blobs whose place was looked at, those that were placed anew, and repairs that should have been waiting. */
  placementsWalked(blobs: number, found: { readonly changed: number; readonly asked: number }): void;
  placementsFinished(report: PlacementReport): void;
  /** A copy that had left was removed. */
  copyRemoved(backend: BackendId): void;
  scrubbed(backend: BackendId, condition: Condition, bytes: number): void;
  scrubFinished(report: ScrubReport): void;
  /** Bytes could not be moved to another class; they are where they were, and the next run tries again. */
  transitionFailed(fault: Fault): void;
  /** What one page of a backend's listing held. */
  swept(backend: BackendId, found: SweptPage): void;
  /** A run over all of a backend has ended. */
  sweepFinished(backend: BackendId, run: FinishedSweep): void;
  /** A step could not be done and is tried again later. */
  sweepFailed(backend: BackendId, fault: Fault): void;
  /** A copy where no row named it is gone. */
  strayRemoved(backend: BackendId): void;
  /** Rows of a kind were removed because they were kept long enough. */
  vacuumed(kind: VacuumKind, rows: number): void;
  /** The recovery manifest of a bucket could not be written; it is tried again. */
  manifestFailed(bucketId: number, fault: Fault): void;
  /** Manifests have everything that was committed up to this moment (milliseconds since 1970); undefined: they lag. */
  manifestsCaughtUp(atMs: number | undefined): void;
  /** Which verified backups of the metadata there are, the newest first. */
  backupsSeen(kept: readonly BackupRecord[]): void;
  /** A backup could not be made, or one of its copies; it is tried again. */
  backupFailed(fault: Fault): void;
}

export type SweptPage = Pick<SweepCounts, 'keys' | 'unknown' | 'misplaced' | 'foreign'>;

export const silentEvents: EngineEvents = {
  acked: () => undefined,
  replicaDetached: () => undefined,
  targetsReplaced: () => undefined,
  hedged: () => undefined,
  badReplica: () => undefined,
  cleanupFailed: () => undefined,
  lockNotPushed: () => undefined,
  lifecycleActed: () => undefined,
  lifecycleWalked: () => undefined,
  lifecycleFinished: () => undefined,
  lifecycleUnreadable: () => undefined,
  placementsWalked: () => undefined,
  placementsFinished: () => undefined,
  copyRemoved: () => undefined,
  scrubbed: () => undefined,
  scrubFinished: () => undefined,
  transitionFailed: () => undefined,
  swept: () => undefined,
  sweepFinished: () => undefined,
  sweepFailed: () => undefined,
  strayRemoved: () => undefined,
  vacuumed: () => undefined,
  manifestFailed: () => undefined,
  manifestsCaughtUp: () => undefined,
  backupsSeen: () => undefined,
  backupFailed: () => undefined,
};
