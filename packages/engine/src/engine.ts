import { Fault } from '@sealgate/core/faults';
import { createIdBytes } from '@sealgate/core/names';
import type { BackendPool, Clock, KeyWrapper, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { createErasureCodecs } from '@sealgate/erasure';
import { type BackupOptions, backupDue } from './backup/backup-due.ts';
import { adoptObject } from './direct/adopt-object.ts';
import { commitUploaded } from './direct/commit-upload.ts';
import { planUpload } from './direct/plan-upload.ts';
import type {
  AdoptRequest,
  CommitPlannedRequest,
  DirectResult,
  PlannedUpload,
  PlanUploadRequest,
} from './direct/types.ts';
import type { EngineEvents } from './events.ts';
import { deleteDue } from './housekeeping/delete-due.ts';
import { pushLocksDue } from './housekeeping/push-locks-due.ts';
import { removeStrays } from './housekeeping/remove-strays.ts';
import { type SweepOptions, sweepDue } from './housekeeping/sweep-due.ts';
import { type VacuumOptions, vacuumDue } from './housekeeping/vacuum-due.ts';
import { type LifecycleOptions, lifecycleDue } from './lifecycle/lifecycle-due.ts';
import { type MoveOutcome, type MoveRequest, moveVersion } from './lifecycle/move-version.ts';
import type { EngineLimits } from './limits.ts';
import type { PartOf } from './maintenance/background-fleet.ts';
import { createBackgroundShare } from './maintenance/background-share.ts';
import { followAgents } from './maintenance/follow-agents.ts';
import { createMaintenance, type Maintenance } from './maintenance/maintenance.ts';
import { createPacer } from './maintenance/pacer.ts';
import { rebalanceDue } from './maintenance/rebalance-due.ts';
import { type ReconcileOptions, reconcileDue } from './maintenance/reconcile-due.ts';
import { removeDue } from './maintenance/remove-due.ts';
import { type ScrubOptions, scrubDue } from './maintenance/scrub-due.ts';
import {
  type CompleteUploadRequest,
  type CompleteUploadResult,
  type CreateUploadRequest,
  completeUpload,
  createUpload,
  type UploadPartRequest,
  type UploadPartResult,
  uploadPart,
} from './multipart/uploads.ts';
import { bodyOfVersion } from './objects/copy-object.ts';
import { type PutObjectRequest, type PutObjectResult, putObject } from './objects/put-object.ts';
import { type ReadOptions, readObject } from './objects/read-object.ts';
import { createPhysicalBuckets } from './placement/physical-buckets.ts';
import { createPlanner } from './placement/planner.ts';
import { createPolicies, type LayeredPolicies } from './placement/policies.ts';
import { type SimulateRequest, type SimulationPage, simulate } from './placement/simulate.ts';
import { createDigestLists } from './read/digest-list.ts';
import { createHedgeBudget } from './read/hedge-budget.ts';
import { createManifests, type ManifestsOptions } from './recovery/manifests-due.ts';
import type { ManifestSigner } from './recovery/signature.ts';
import { createRepairer, type Repairer, type RepairWorker } from './repair/repairer.ts';
import type { BodySource } from './write/body.ts';
import type { RandomBytes } from './write/types.ts';

/** What the gateway and the agents do with objects; knows no wire format, no driver and no database. */
export interface Engine {
  putObject(request: PutObjectRequest): Promise<PutObjectResult>;
  /** Verified bytes; ending the iteration or the signal ends every call to a backend. */
  readObject(version: ObjectVersion, options: ReadOptions): AsyncGenerator<Buffer>;
  /** A stored version as the body of another write. */
  bodyOfVersion(version: ObjectVersion, options: Parameters<typeof bodyOfVersion>[2]): BodySource;
  createUpload(request: CreateUploadRequest): Promise<{ readonly uploadId: string }>;
  uploadPart(request: UploadPartRequest): Promise<UploadPartResult>;
  completeUpload(request: CompleteUploadRequest): Promise<CompleteUploadResult>;
  /** Where a client is to put an object itself. */
  planUpload(request: PlanUploadRequest): Promise<PlannedUpload>;
  /** Verifies what a client put there, and publishes it. */
  commitUploaded(request: CommitPlannedRequest): Promise<DirectResult>;
  /** The same of an object that lies in the bucket's own physical buckets under another name. */
  adoptObject(request: AdoptRequest): Promise<DirectResult>;
  /** One batch of the deletion queue; how many blobs it took. */
  deleteDue(options: { readonly signal: AbortSignal }): Promise<number>;
  /** One batch of the repair queue; how many jobs it took. */
  repairDue(options: { readonly signal: AbortSignal }): Promise<number>;
  /** One batch of retentions that backends are to hear of; how many versions it took. */
  pushLocksDue(options: { readonly signal: AbortSignal }): Promise<number>;
  /** One step of the sweep for orphans on every backend; 0 when there is nothing to do now. */
  sweepDue(options: SweepOptions): Promise<number>;
  /** One batch of copies that lie where no row names them; how many it took. */
  removeStrays(options: { readonly signal: AbortSignal }): Promise<number>;
  /** Removes rows of the metadata that are kept for a while only; 0 when no run is due. */
  vacuumDue(options: VacuumOptions): Promise<number>;
  /** One step of the lifecycle; 0 when there is nothing to do now. */
  lifecycleDue(options: LifecycleOptions): Promise<number>;
  /** One step of the comparison of where blobs are with where they should be; 0 when there is nothing to do now. */
  reconcileDue(options: ReconcileOptions): Promise<number>;
  /** One batch of single copies that are to go; how many it took. */
  removeDue(options: { readonly signal: AbortSignal }): Promise<number>;
  /** One step of a rebalance; how many blobs it placed anew. */
  rebalanceDue(options: { readonly holder: string; readonly signal: AbortSignal }): Promise<number>;
  /** One step of the scrub; 0 when there is nothing to do now. */
  scrubDue(options: ScrubOptions): Promise<number>;
  /** Takes over how agents find the backends that only they reach; how many changed. */
  followAgents(): Promise<number>;
  readonly maintenance: Maintenance;
  /** Keeps the bytes of a version under another class. */
  moveVersion(request: MoveRequest): Promise<MoveOutcome>;
  /** What the reconciliation would do under a policy that is not applied. */
  simulate(request: SimulateRequest): Promise<SimulationPage>;
  readonly policies: LayeredPolicies;
  /** What this engine holds of the repair queue. */
  readonly repairWork: Repairer['work'];
  /** One step of the recovery manifests; 0 when there is nothing to do now. */
  manifestsDue(options: ManifestsOptions): Promise<number>;
  /** Makes a backup of the metadata when one is due; 0 when there is nothing to do now. */
  backupDue(options: BackupOptions): Promise<number>;
}

export interface EngineDeps {
  readonly metadata: Metadata;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
  /** For ids of blobs and uploads. Default: the system's; a simulation that must replay gives its own. */
  readonly random?: RandomBytes;
  /** What the repairs that it takes are held under. Default: a process that has the database itself. */
  readonly worker?: RepairWorker;
  /** The part of this process of what backends allow to background work. Default: all of it. */
  readonly part?: PartOf;
  /** Opens data keys for recovery manifests. Default: none can be opened, and manifests say so. */
  readonly keys?: Pick<KeyWrapper, 'unwrap'>;
  /** Signs recovery manifests. Default: they are not signed. */
  readonly manifestSigner?: ManifestSigner;
}

export function createEngine(base: EngineDeps): Engine {
  const policies = createPolicies(base);
  const deps = {
    random: createIdBytes(),
    codecs: createErasureCodecs(),
    keys: noKeys,
    ...base,
    policies,
    planner: createPlanner({ policies, pool: base.pool }),
    physical: createPhysicalBuckets({ ...base, policies }),
    digests: createDigestLists(base),
    hedges: createHedgeBudget(base.limits),
    share: createBackgroundShare(base),
  };
  const repairer = createRepairer(base.worker === undefined ? base : { ...base, worker: base.worker }, deps);
  const manifests = createManifests(deps);
  const pacer = createPacer(base.clock);
  return {
    putObject: (request) => putObject(deps, request),
    readObject: (version, options) => readObject(deps, version, options),
    bodyOfVersion: (version, options) => bodyOfVersion(deps, version, options),
    createUpload: (request) => createUpload(deps, request),
    uploadPart: (request) => uploadPart(deps, request),
    completeUpload: (request) => completeUpload(deps, request),
    planUpload: (request) => planUpload(deps, request),
    commitUploaded: (request) => commitUploaded(deps, request),
    adoptObject: (request) => adoptObject(deps, request),
    deleteDue: (options) => deleteDue(deps, options),
    repairDue: repairer.repairDue,
    pushLocksDue: (options) => pushLocksDue(deps, options),
    sweepDue: (options) => sweepDue(deps, options),
    removeStrays: (options) => removeStrays(deps, options),
    vacuumDue: (options) => vacuumDue(deps, options),
    lifecycleDue: (options) => lifecycleDue(deps, options),
    reconcileDue: (options) => reconcileDue(deps, options),
    removeDue: (options) => removeDue(deps, options),
    rebalanceDue: (options) => rebalanceDue(deps, options),
    scrubDue: (options) => scrubDue({ ...deps, pool: deps.share.pool, pacer }, options),
    followAgents: () => followAgents(deps),
    maintenance: createMaintenance(deps),
    moveVersion: (request) => moveVersion(deps, request),
    manifestsDue: (options) => manifests.due(options),
    backupDue: (options) => backupDue(deps, options),
    simulate: (request) => simulate(deps, request),
    policies,
    repairWork: repairer.work,
  };
}

const noKeys: Pick<KeyWrapper, 'unwrap'> = {
  unwrap: () => Promise.reject(new Fault('InternalError', 'Data keys cannot be opened here.')),
};
