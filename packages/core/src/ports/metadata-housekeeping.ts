import type { BackendId, BlobId, ObjectKey, PhysicalBucketName, VersionId } from '../names/index.ts';
import type { BlobRecord, ReplicaRecord } from './model.ts';

/** A blob whose replicas may be removed: the row was re-checked in the same statement, nothing refers to it. */
export interface DueDeletion {
  readonly blobId: BlobId;
  readonly replicas: readonly {
    readonly backend: BackendId;
    readonly shard: number;
    readonly bucket: PhysicalBucketName;
  }[];
}

/** A blob with replicas that are owed. */
export interface PendingRepair {
  readonly bucketId: number;
  readonly redundancyClass: string;
  /** What the object asked for when it was written, as its tag said it; null: nothing. */
  readonly residency: string | null;
  readonly blob: BlobRecord;
}

/** A version whose retention backends are to hear of. */
export interface LockPush {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly versionId: VersionId | 'null';
  readonly seq: bigint;
  readonly untilMs: number;
}

/** What background work reads and writes. */
export interface MetadataHousekeeping {
  /**
   * Bytes of an attempt that was not published: whatever landed on these backends is to be deleted. Of a published one
   * only what its row does not name.
   */
  enqueueDeletion(request: {
    readonly blobId: BlobId;
    readonly bucketId: number;
    readonly replicas: readonly { readonly backend: BackendId; readonly shard: number }[];
  }): Promise<void>;
  /** Leases up to `limit` due deletions for `leaseMs`; a lease that runs out makes them due again. */
  leaseDeletions(limit: number, leaseMs: number): Promise<readonly DueDeletion[]>;
  /** The named replicas are gone; when the last one is, the queue row goes too. */
  finishDeletion(
    blobId: BlobId,
    gone: readonly { readonly backend: BackendId; readonly shard: number }[],
  ): Promise<void>;
  /**
   * A copy that came in after the acknowledgement. False when it is not wanted: its blob is to go, or its place is one that
   * is being emptied. Give up what was stored (`enqueueDeletion`).
   */
  markReplica(blobId: BlobId, replica: ReplicaRecord): Promise<boolean>;
  /** The blob of a repair job with all its replicas, or undefined when it no longer exists. */
  blobForRepair(blobId: BlobId): Promise<PendingRepair | undefined>;
  /** Those that still exist, in no order. */
  blobsForRepair(blobIds: readonly BlobId[]): Promise<readonly PendingRepair[]>;
  /**
   * Leases up to `limit` versions for `leaseMs` whose retention was set or changed, or whose bytes were written anew, and
   * of which backends with object lock are to hear.
   */
  leaseLockPushes(limit: number, leaseMs: number): Promise<readonly LockPush[]>;
  /** They have heard of it. Nothing happens when the retention is another one by now: that is another push. */
  finishLockPush(push: LockPush): Promise<void>;
  /** Asks for a repair of a replica that a read found bad or missing: turns its row `missing` and makes the job. */
  reportBadReplica(blobId: BlobId, backend: BackendId, shard: number): Promise<void>;
}
