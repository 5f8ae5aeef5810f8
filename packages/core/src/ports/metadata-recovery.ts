import type { ObjectKey, TenantId } from '../names/index.ts';
import type { CursorPosition } from './metadata-cursors.ts';
import type { AuditActor, ObjectVersion } from './model.ts';

/** A public key to which what an owner needs without us is sealed. */
export interface RecoveryKey {
  /** RFC 9278 thumbprint URI. */
  readonly keyId: string;
  /** Public JWK, JSON. */
  readonly jwk: string;
  readonly label: string | null;
  readonly createdAtMs: number;
}

/** A change of a bucket's versions, as the log has it. */
export interface LoggedChange {
  readonly seq: bigint;
  readonly bucketId: number;
  /** null: the change was about the bucket as a whole. */
  readonly key: ObjectKey | null;
  /** The version that came, changed or went. One that it took the place of is not named: that was the null version. */
  readonly versionSeq: bigint;
}

/** The newest number of the log at a moment, and what decides when everything up to it is committed or gone. */
export interface LogMark {
  readonly seq: bigint;
  /** Opaque. */
  readonly until: string;
  readonly atMs: number;
}

/** That a bucket's manifest is to be written anew, whatever there is. */
export interface ManifestRequest {
  readonly bucketId: number;
  /** A later request of the same bucket has another one. */
  readonly number: bigint;
}

export interface RecoveryStatus {
  readonly bucketId: number;
  readonly tenant: string;
  readonly bucket: string;
  /** Recovery keys of its tenant. */
  readonly ownerKeys: number;
  /** What the writer of manifests saved under the bucket's cursor; null when it never did. */
  readonly position: CursorPosition;
  readonly requested: boolean;
}

/**
 * What recovery manifests are made of: whose keys they are sealed to, what changed, and how versions are now. The log
 * is read by number, up to a mark below which nothing can appear any more.
 */
export interface MetadataRecovery {
  /** The same key again changes its label. Manifests of all the tenant's buckets are requested. @throws Fault NotFound (tenant), QuotaExceeded */
  addRecoveryKey(
    key: Omit<RecoveryKey, 'createdAtMs'> & { readonly tenantId: TenantId },
    actor: AuditActor,
  ): Promise<RecoveryKey>;
  /** The oldest first. */
  listRecoveryKeys(tenantId: TenantId): Promise<readonly RecoveryKey[]>;
  /** Manifests of all the tenant's buckets are requested, so that none stays sealed to it. @throws Fault NotFound */
  deleteRecoveryKey(tenantId: TenantId, keyId: string, actor: AuditActor): Promise<void>;

  /** Requests manifests of one bucket, of all of a tenant's, or of all there are. How many. */
  requestManifests(
    scope: { readonly bucketId: number } | { readonly tenantId: TenantId } | 'all',
    actor: AuditActor,
  ): Promise<number>;
  /** The oldest first. */
  requestedManifests(limit: number): Promise<readonly ManifestRequest[]>;
  /** Nothing happens when another request came meanwhile. */
  finishManifestRequest(request: ManifestRequest): Promise<void>;

  markLog(): Promise<LogMark>;
  /** True when no change with a number up to the mark's can appear any more. */
  isLogFinal(mark: LogMark): Promise<boolean>;
  /** Changes behind `after` up to `upTo`, and the number up to which these are all. */
  loggedChanges(request: {
    readonly after: bigint;
    readonly upTo: bigint;
    readonly limit: number;
  }): Promise<{ readonly changes: readonly LoggedChange[]; readonly through: bigint }>;
  /**
   * Those of the named versions that exist, and with each named key its null version when it has one: as they are now,
   * in no order. At most `VERSIONS_AT_ONCE_MAX` places.
   */
  versionsAt(
    bucketId: number,
    places: readonly { readonly key: ObjectKey; readonly seq: bigint }[],
  ): Promise<readonly ObjectVersion[]>;
  /** Active buckets behind `afterId`, by id. */
  recoveryStatus(afterId: number, limit: number): Promise<readonly RecoveryStatus[]>;
  /** Active buckets whose tenants have recovery keys, and others. */
  countRecoverable(): Promise<{ readonly byOwner: number; readonly others: number }>;
}
