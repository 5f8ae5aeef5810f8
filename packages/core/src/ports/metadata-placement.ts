import type { BackendId, BlobId, PhysicalBucketName } from '../names/index.ts';
import type { PendingRepair } from './metadata-housekeeping.ts';
import type { AuditActor, ReplicaPlace, ReplicaRecord } from './model.ts';

/** A blob as a walk over all of them meets it; its digests are left out. */
export interface WalkedBlob extends PendingRepair {
  /** It is queued for deletion: its bytes are there and nobody wants them. */
  readonly doomed: boolean;
  /** Backends that had no room for what they were owed of it when the repair that waits met them, half an hour ago at most. */
  readonly noRoom: readonly BackendId[];
}

export interface ReplicaChange {
  readonly blobId: BlobId;
  readonly expected: readonly ReplicaRecord[];
  /**
   * Has every place that `expected` has. New places are `missing`; what is to go is `leaving`; what leaves may be wanted
   * again, as `missing`.
   */
  readonly next: readonly ReplicaRecord[];
}

/**
 * `changed`: the replicas are not as expected any more. `barred`: a place is being emptied, and cannot be used until that
 * is over for sure. `refused`: the change would forget a copy, call one stored that nobody verified, or take one from its
 * writer.
 */
export type ReplicaChangeOutcome = 'done' | 'changed' | 'barred' | 'refused';

/** A copy of a blob that stays, which nobody wants there: the row was looked at again in the same transaction. */
export interface DueRemoval extends ReplicaPlace {
  /** Undefined: there never was one, so nothing is there. */
  readonly bucket: PhysicalBucketName | undefined;
}

/** What the maintenance of placements reads and changes. */
export interface MetadataPlacement {
  /**
   * Has grown since an earlier answer when a placement that was right may be wrong now: a backend came or changed its
   * facts or its state, a policy was applied, a bucket or tenant got another one, a backend has no room for what it is owed.
   */
  placementEpoch(): Promise<bigint>;
  /** All blobs by id, behind `after`. */
  walkBlobs(after: BlobId | null, limit: number): Promise<readonly WalkedBlob[]>;
  /**
   * Each change in full or not at all, if the replicas still are as expected. What becomes `missing` gets its repair job,
   * which is due at once where the place is a new one; what becomes `leaving` its removal, which is due once nothing of the
   * blob is owed.
   */
  changeReplicas(changes: readonly ReplicaChange[], actor: AuditActor): Promise<readonly ReplicaChangeOutcome[]>;
  /**
   * Leases up to `limit` copies that may go: nothing wants them where they are, and as many others are stored as there
   * were to be when they were told to leave. A lease that runs out makes them due again.
   */
  leaseRemovals(limit: number, leaseMs: number): Promise<readonly DueRemoval[]>;
  /** They are gone from their backends. Their places stay barred for a while. */
  finishRemovals(gone: readonly ReplicaPlace[]): Promise<void>;
  /** Makes the repair jobs that are not there although copies are missing. How many. */
  askForRepairs(blobIds: readonly BlobId[]): Promise<number>;
  /** Repairs that wait and owe something to this backend are due now. How many. */
  hurryRepairs(backend: BackendId): Promise<number>;
}
