import type { BackendId, BlobId, BucketName, ObjectKey, TenantId, VersionId } from '../names/index.ts';
import type { Page } from './metadata-registry.ts';
import type { AuditActor, ReplicaRecord } from './model.ts';

/** `repair`: copies that the class owes. `replicate`: copies on backends that somebody named. */
export type JobKind = 'repair' | 'replicate';
/** `failed`: given up, a dead letter. */
export type JobState = 'waiting' | 'active' | 'done' | 'failed' | 'cancelled';

/** One backend of a job, and how many of the version's blobs it has. */
export interface JobTarget {
  readonly backend: BackendId;
  readonly stored: number;
}

export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  /** Null when the bytes that a repair was for are gone. */
  readonly tenant: string | null;
  readonly bucket: BucketName | null;
  /** Null for a repair: it is about a blob, and any version may have that. */
  readonly key: ObjectKey | null;
  readonly versionId: VersionId | 'null' | null;
  readonly blobId: BlobId | null;
  readonly source: BackendId | null;
  /** Of a repair: the backends that owe a copy now. */
  readonly targets: readonly JobTarget[];
  /** Blobs of the version: 1, or its parts. */
  readonly blobs: number;
  readonly policyClass: string | null;
  readonly encryptionRequired: boolean;
  /** Higher is sooner. Of a repair 100 minus ten for each copy that may still be lost. */
  readonly priority: number;
  readonly attempts: number;
  readonly lastError: string | null;
  /** Who works at it. */
  readonly holder: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly endedAtMs: number | null;
}

export interface NewJob {
  readonly tenantId: TenantId;
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  /** All blobs of the version. */
  readonly blobs: readonly BlobId[];
  readonly targets: readonly BackendId[];
  readonly source: BackendId | null;
  readonly policyClass: string;
  readonly encryptionRequired: boolean;
  readonly priority: number;
  /** Repeating a request with the same one gives the same job. */
  readonly clientToken: string | null;
}

export interface ListJobs {
  readonly state: JobState | null;
  readonly kind: JobKind | null;
  readonly tenantId: TenantId | null;
  readonly bucketId: number | null;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface JobStats {
  readonly kind: JobKind;
  readonly waiting: number;
  readonly active: number;
  readonly dead: number;
  /** Of the oldest one that is not over. */
  readonly oldestMs: number;
}

/** Who does work: an agent at an epoch, or, with epoch 0, a process that has the metadata itself. */
export interface Worker {
  readonly name: string;
  readonly epoch: number;
}

/** The right to work at one repair for a time. */
export interface RepairLease {
  readonly jobId: string;
  readonly blobId: BlobId;
  /** The fence: no two leases have the same one. */
  readonly token: bigint;
}

export interface LeaseRepairs {
  readonly worker: Worker;
  readonly limit: number;
  readonly leaseMs: number;
  /** What the worker can do. */
  readonly able: { readonly writes: readonly BackendId[]; readonly reads: readonly BackendId[] };
  readonly kinds: readonly JobKind[];
  /** Only repairs of these blobs: for a worker that has credentials for one job. */
  readonly only?: readonly BlobId[];
}

/** `released`: handed back as if it had never been taken. */
export type LeaseEnd =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      /** Backends that have no room for what they are owed of it. */
      readonly noRoom: readonly BackendId[];
    }
  | { readonly kind: 'released' };

/** What a worker says of one job: a copy that it made and verified, how its lease ends, or both at once. */
export interface LeaseResult {
  readonly lease: RepairLease;
  readonly replica: ReplicaRecord | null;
  readonly end: LeaseEnd | null;
}

/** `unwanted`: nobody owes the copy any more, and the lease goes on; `stale`: the lease is lost, nothing happened. */
export type LeaseOutcome = 'wanted' | 'unwanted' | 'stale';

/**
 * Work as records and as leases. A worker whose lease is over (its time, a newer epoch of its agent, the agent disabled)
 * changes nothing any more, however late its words come in.
 */
export interface MetadataJobs {
  /**
   * Makes a job that gives a version further copies, and owes them in the same transaction. The job with the same client
   * token, or an equal one that waits, is given instead.
   * @throws Fault NoSuchVersion (gone meanwhile), Conflict (the token is another job's), InvalidRequest (the source has not
   * all of it; it is kept in shards; too many copies)
   */
  createJob(job: NewJob, actor: AuditActor): Promise<{ readonly id: string; readonly created: boolean }>;
  job(id: string): Promise<Job | undefined>;
  /** Newest first, repairs and asked-for jobs together. */
  listJobs(request: ListJobs): Promise<Page<Job>>;
  /** Takes back what is owed for it alone. @throws Fault NotFound, Conflict (it is over) */
  cancelJob(id: string, actor: AuditActor): Promise<void>;
  /** Another life for one that failed or was cancelled. @throws Fault NotFound, Conflict (it is not over), NoSuchVersion */
  retryJob(id: string, blobs: readonly BlobId[], actor: AuditActor): Promise<void>;
  /** Another life for repairs that were given up: one, or the oldest ones. How many. */
  redriveRepairs(which: { readonly id: string | null; readonly limit: number }, actor: AuditActor): Promise<number>;
  /** Looks at waiting jobs, those seen longest ago first, and ends what is over. How many ended. */
  settleJobs(limit: number): Promise<number>;
  /** Forgets jobs that ended at least `keptMs` ago. How many. */
  purgeJobs(keptMs: number, limit: number): Promise<number>;
  jobStats(): Promise<readonly JobStats[]>;

  /** Most urgent first. None for an agent that is disabled or has a newer epoch. */
  leaseRepairs(request: LeaseRepairs): Promise<readonly RepairLease[]>;
  /** Keeps leases for `leaseMs` from now; the jobs of those that still were the worker's. */
  renewLeases(
    worker: Worker,
    leases: readonly Pick<RepairLease, 'jobId' | 'token'>[],
    leaseMs: number,
  ): Promise<readonly string[]>;
  /** False when the lease was lost before: nothing happened. */
  endLease(worker: Worker, lease: Pick<RepairLease, 'jobId' | 'token'>, end: LeaseEnd): Promise<boolean>;
  /** What a lease is for; undefined when it is lost. `bucketId` is null when the blob is gone. */
  leasedBlob(
    worker: Worker,
    lease: Pick<RepairLease, 'jobId' | 'token'>,
  ): Promise<{ readonly blobId: BlobId; readonly bucketId: number | null } | undefined>;
  /** A copy that the worker made and verified. `unwanted`: nobody owes it any more; `stale`: the lease is lost. */
  markLeased(worker: Worker, lease: RepairLease, replica: ReplicaRecord): Promise<LeaseOutcome>;
  /** `markLeased`, then `endLease` of what was not unwanted, for many jobs in one transaction: the outcomes in their order. */
  settleLeases(worker: Worker, results: readonly LeaseResult[]): Promise<readonly LeaseOutcome[]>;
}
