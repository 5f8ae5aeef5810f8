import type { BackendId, BucketName, ObjectKey, PhysicalBucketName, TenantId, VersionId } from '../names/index.ts';
import type { AuditActor } from './model.ts';

/** A version that object lock keeps from everybody, the operator too. */
export interface LockedVersion {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
  readonly versionId: VersionId | 'null';
  /** Until when COMPLIANCE retention keeps it; null: only a legal hold does. */
  readonly retainUntilMs: number | null;
  readonly legalHold: boolean;
}

export interface LockedVersions {
  /** The first ones, by bucket and key. */
  readonly versions: readonly LockedVersion[];
  readonly total: number;
  /** When the last retention ends; null when legal holds are all there is. */
  readonly lastUntilMs: number | null;
}

/** Copies and shards on one backend. */
export interface ErasedCopies {
  readonly backend: BackendId;
  /** Of published blobs. */
  readonly copies: number;
  /** Of attempts that were given up, which may never have come there. */
  readonly attempts: number;
  readonly bytes: number;
}

export interface ConfirmedRemovals extends ErasedCopies {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * `removing`: buckets, versions and their bytes go. `settling`: all that was known is gone; writes that were under way may
 * leave something until their time is over. `done`: it is, and every physical bucket was empty and is removed.
 */
export type ErasureState = 'removing' | 'settling' | 'done';

export interface Erasure {
  readonly tenantId: TenantId;
  readonly tenantName: string;
  readonly state: ErasureState;
  readonly begunAtMs: number;
  readonly removedAtMs: number | null;
  readonly doneAtMs: number | null;
  /** Numbers of the entries of the log that tell of it, the oldest first. */
  readonly entries: readonly number[];
  /** What the tenant had in the beginning, as it counts it. */
  readonly found: {
    readonly buckets: readonly { readonly id: number; readonly name: string }[];
    readonly versions: number;
    readonly bytes: number;
  };
  /** Backends whose confirmation an operator decided to do without. */
  readonly without: readonly BackendId[];
  readonly confirmed: readonly ConfirmedRemovals[];
  /** In the deletion queue: no backend confirmed these yet. */
  readonly waiting: readonly ErasedCopies[];
  readonly bucketsRemoved: readonly {
    readonly backend: BackendId;
    readonly name: PhysicalBucketName;
    readonly atMs: number;
  }[];
  readonly bucketsLeft: readonly { readonly backend: BackendId; readonly name: PhysicalBucketName }[];
  /** What the newest of the entries vouches for, in canonical JSON; null before the second. */
  readonly report: string | null;
  /** Why the last step could not go on. */
  readonly trouble: string | null;
}

/** The end of tenants. What removes their versions and bytes are the ways by which all versions and bytes go. */
export interface MetadataErasures {
  /** Governance retention is none of these: who deletes a tenant may bypass it. */
  lockedVersions(tenantId: TenantId, limit: number): Promise<LockedVersions>;
  /**
   * Takes access keys, sessions, roles and webhooks of a suspended tenant away and bars it for good. Begun before: only adds
   * to `without`.
   * @throws Fault NotFound, Conflict (not suspended)
   */
  beginErasure(
    request: {
      readonly tenantId: TenantId;
      readonly without: readonly BackendId[];
      readonly stored: { readonly bytes: number; readonly versions: number };
    },
    actor: AuditActor,
  ): Promise<void>;
  erasure(tenantId: TenantId): Promise<Erasure | undefined>;
  /** Those that are not done, the oldest first; at most a thousand. */
  erasuresUnderWay(): Promise<readonly TenantId[]>;
  /** Bytes of the tenant that wait for removal wait no longer: nobody is left who could read them. */
  hurryDeletions(tenantId: TenantId): Promise<void>;
  /** What an operator should know; null: nothing. */
  noteErasureTrouble(tenantId: TenantId, trouble: string | null): Promise<void>;
  /**
   * False when buckets are left, for `done` also physical buckets on backends other than `excluded`, or when it is in that
   * state already. What the tenant has besides buckets goes with `settling`.
   * @param step.report is kept, and vouched for by `detail` of the entry in the log
   */
  advanceErasure(
    step: {
      readonly tenantId: TenantId;
      readonly to: Exclude<ErasureState, 'removing'>;
      readonly excluded: readonly BackendId[];
      readonly report: string;
      readonly detail: Readonly<Record<string, unknown>>;
    },
    actor: AuditActor,
  ): Promise<boolean>;
}
