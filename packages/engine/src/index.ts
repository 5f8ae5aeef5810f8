export { archiveDue } from './audit/archive-due.ts';
export { ARCHIVE_CURSOR, type ArchiveRecord, readArchivePosition } from './audit/archive-position.ts';
export type { ArchiveOptions } from './audit/archive-run.ts';
export { type Checkpoints, createCheckpoints } from './audit/checkpoints.ts';
export { createEvidenceIssuer, type EvidenceIssuer } from './audit/evidence.ts';
export { removeRequestsDue } from './audit/remove-requests-due.ts';
export { segmentLines } from './audit/segment-lines.ts';
export { createSequencer, type Sequencer } from './audit/sequencer.ts';
export type { BackupOptions } from './backup/backup-due.ts';
export { type BackupPosition, type BackupRecord, readBackupPosition } from './backup/position.ts';
export type { DirectResult, DirectVersion, PlannedUpload } from './direct/types.ts';
export { takeSnapshot } from './discovery/take-snapshot.ts';
export { createEngine, type Engine, type EngineDeps } from './engine.ts';
export {
  type EngineEvents,
  type LifecycleAction,
  type LifecycleOutcome,
  type SweptPage,
  silentEvents,
} from './events.ts';
export { SWEEP_CURSORS, type SweepOptions } from './housekeeping/sweep-due.ts';
export { type FinishedSweep, readSweepPosition, type SweepCounts } from './housekeeping/sweep-position.ts';
export { readVacuumRun, VACUUM_CURSOR, type VacuumOptions } from './housekeeping/vacuum-due.ts';
export type { LifecycleOptions } from './lifecycle/lifecycle-due.ts';
export { ARCHIVE_LOCKS_WANTED, AUDIT_BATCH, defaultEngineLimits, type EngineLimits } from './limits.ts';
export {
  alone,
  type BackgroundFleet,
  createBackgroundFleet,
  createSeenParts,
  holdSlot,
  isLimited,
  type PartOf,
  type SeenParts,
  SLOT_LOOK_MS,
} from './maintenance/background-fleet.ts';
export type { BackendMaintenance } from './maintenance/maintenance.ts';
export type {
  CompleteUploadRequest,
  CompleteUploadResult,
  CreateUploadRequest,
  UploadPartRequest,
  UploadPartResult,
} from './multipart/uploads.ts';
export {
  createDeliveries,
  type Deliveries,
  type DeliveryEvents,
  defaultDeliveryLimits,
} from './notifications/deliveries.ts';
export { routeDue } from './notifications/route-due.ts';
export type { PutObjectRequest, PutObjectResult } from './objects/put-object.ts';
export { type ProbeReport, probeBackend } from './probe/probe-backend.ts';
export { type Strip, type StripOf, stripOf } from './read/strip.ts';
export { readManifestPosition } from './recovery/position.ts';
export { createRepairer, type Repairer, type RepairMetadata, type RepairWorker } from './repair/repairer.ts';
export { type EraseOptions, eraseTenants } from './tenant-end/erase-tenants.ts';
export { issueErasure } from './tenant-end/issue-erasure.ts';
export type { BodyFacts, BodySource } from './write/body.ts';
