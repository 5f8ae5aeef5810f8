import type { BackendId, BlobId, ObjectKey } from '../names/index.ts';
import type { NewJob } from './metadata-jobs.ts';
import type { CommittedVersion, CommitVersion } from './metadata-objects.ts';
import type { AuditActor } from './model.ts';

/** An upload that a client does itself, straight to backends: announced before a byte goes there. */
export interface NewWritePlan {
  readonly blobId: BlobId;
  readonly bucketId: number;
  readonly key: ObjectKey;
  /** Of the stored bytes. */
  readonly bytes: number;
  /** Of all bytes, as far as the client told them; what lands is held to them. */
  readonly md5: Uint8Array | null;
  readonly sha256: Uint8Array | null;
  readonly redundancyClass: string;
  readonly tags: Readonly<Record<string, string>> | null;
  /** Where bytes may land: all of it is removed when the plan ends without a commit. */
  readonly backends: readonly BackendId[];
  /** From now; cut to three quarters of the age at which an attempt can still be published. */
  readonly lifetimeMs: number;
  /** Open plans that the bucket may have, this one included. */
  readonly openMax: number;
}

export interface WritePlanRecord extends Omit<NewWritePlan, 'lifetimeMs' | 'openMax'> {
  readonly expiresAtMs: number;
  /** What a commit of it said; null: none was. */
  readonly committed: PlannedCommit | null;
}

export interface PlannedCommit extends CommittedVersion {
  /** Of the replication that was asked for with it. */
  readonly jobId: string | null;
}

/** A replication of the version that a plan becomes. */
export type PlannedJob = Pick<NewJob, 'tenantId' | 'targets' | 'encryptionRequired' | 'priority'>;

/**
 * Write plans. A row stands before the first byte can land, so a client that goes away leaves nothing that nobody knows of;
 * and it ends before the sweep for orphans may touch its blob.
 */
export interface MetadataWritePlans {
  /** @throws Fault NoSuchBucket, QuotaExceeded (too many open plans) */
  createWritePlan(plan: NewWritePlan, actor: AuditActor): Promise<{ readonly expiresAtMs: number }>;
  /**
   * The plan, which does not end within `holdMs` now (as far as it may live at all). Undefined: unknown, over, or another
   * bucket's. One that was committed is told until it ends.
   */
  holdWritePlan(bucketId: number, blobId: BlobId, holdMs: number): Promise<WritePlanRecord | undefined>;
  /**
   * Publishes the blob of an open plan and asks for its replication, in one transaction. Repeated, it gives the first answer.
   * @throws Fault Conflict (the plan is over or another object's), and what `commitVersion` and `createJob` throw: nothing
   * happened then, and the plan is as open as before
   */
  commitPlanned(version: CommitVersion, job: PlannedJob | null): Promise<PlannedCommit>;
  /** Gives an open plan up: the next `expireWritePlans` removes what landed. False when it is not open. */
  endWritePlan(bucketId: number, blobId: BlobId, actor: AuditActor): Promise<boolean>;
  /** Plans that are over: what was not committed goes to the deletion queue, in the same transaction. How many. */
  expireWritePlans(limit: number): Promise<number>;
}
