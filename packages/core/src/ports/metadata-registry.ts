import type { AccessKeyId, BackendId, BucketName, PhysicalBucketName, TenantId } from '../names/index.ts';
import type {
  AuditActor,
  Backend,
  BackendCapabilities,
  BackendState,
  BackgroundLimits,
  Bucket,
  BucketConfigKind,
  Credential,
  EncryptionMode,
  PolicyRecord,
  RequestRecording,
  Tenant,
  TenantQuotas,
  TenantSettings,
  Versioning,
} from './model.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; null at the end. */
  readonly next: string | null;
}

export interface NewTenant {
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly namespace: string;
  readonly defaultEncryption: EncryptionMode;
  readonly policyName: string | null;
  /** Absent members get the defaults of a new tenant. */
  readonly settings?: Partial<TenantSettings>;
}

export interface NewCredential {
  readonly tenantId: TenantId;
  readonly accessKeyId: AccessKeyId;
  readonly secretAccessKey: string;
  readonly expiresAtMs: number | null;
  readonly description: string | null;
  /** Policy document; absent: no bound. */
  readonly policy?: string | null;
}

export interface NewBucket {
  readonly tenantId: TenantId;
  readonly name: BucketName;
  readonly region: string;
  readonly locationConstraint: string;
  readonly encryption: EncryptionMode;
  readonly objectLock: boolean;
  readonly policyName: string | null;
  readonly regionLock: readonly string[];
  readonly defaultClass: string | null;
  readonly configs: Readonly<Partial<Record<BucketConfigKind, string>>>;
}

export type NewBackend = Omit<
  Backend,
  'num' | 'createdAtMs' | 'state' | 'stateSinceMs' | 'capabilities' | 'probedAtMs'
>;

/** What an operator may correct about a backend later. Absent members stay. */
export type BackendFacts = Partial<
  Pick<
    Backend,
    | 'provider'
    | 'region'
    | 'country'
    | 'jurisdiction'
    | 'operatorJurisdiction'
    | 'certificates'
    | 'sla'
    | 'weight'
    | 'prices'
    | 'expectedLatencyMs'
    | 'zone'
  >
>;

/** A change of state, made only if the backend is in one of the states of `from` at that moment. */
export interface BackendStateChange {
  readonly from: readonly BackendState[];
  readonly to: BackendState;
  readonly reason: string;
}

/** Tenants, credentials, backends, buckets and policies. Every change takes the actor of its audit entry. */
export interface MetadataRegistry {
  /** @throws Fault Conflict when the name is taken. */
  createTenant(tenant: NewTenant, actor: AuditActor): Promise<Tenant>;
  tenant(idOrName: string): Promise<Tenant | undefined>;
  listTenants(cursor: string | null, limit: number): Promise<Page<Tenant>>;
  updateTenant(
    id: TenantId,
    change: Partial<
      Pick<Tenant, 'state' | 'defaultEncryption' | 'policyName' | 'displayName' | 'settings' | 'requestRecords'>
    > & {
      /** Those that are given change. */
      readonly quotas?: Partial<TenantQuotas>;
    },
    actor: AuditActor,
  ): Promise<Tenant>;

  /** A static one; the secret is sealed before it reaches the database. @throws Fault Conflict */
  createCredential(credential: NewCredential, actor: AuditActor): Promise<Credential>;
  /** A tenant by its canonical user id or e-mail address, as access control lists name it. */
  tenantByOwner(ownerIdOrEmail: string): Promise<Tenant | undefined>;
  setCredentialPolicy(accessKeyId: AccessKeyId, policy: string | null, actor: AuditActor): Promise<void>;
  /** With its tenant, in one round trip. */
  credential(accessKeyId: AccessKeyId): Promise<Credential | undefined>;
  /**
   * A new key pair with the description and policy of a static one that is in use, which ends after `overlapMs` unless it ends
   * before.
   * @throws Fault NotFound, Conflict
   */
  rotateCredential(
    accessKeyId: AccessKeyId,
    by: { readonly replacement: AccessKeyId; readonly secretAccessKey: string; readonly overlapMs: number },
    actor: AuditActor,
  ): Promise<void>;
  /** That these were used within this hour. Those that are gone are passed over. */
  noteCredentialUse(accessKeyIds: readonly AccessKeyId[]): Promise<void>;
  /** The static ones; secrets are left out. */
  listCredentials(tenantId: TenantId): Promise<readonly Omit<Credential, 'secretAccessKey'>[]>;
  setCredentialState(accessKeyId: AccessKeyId, state: 'active' | 'disabled', actor: AuditActor): Promise<void>;
  deleteCredential(accessKeyId: AccessKeyId, actor: AuditActor): Promise<void>;

  /** @throws Fault Conflict */
  createBackend(backend: NewBackend, actor: AuditActor): Promise<Backend>;
  listBackends(): Promise<readonly Backend[]>;
  /** Probe results with their date. */
  recordProbe(id: BackendId, capabilities: BackendCapabilities, atMs: number, actor: AuditActor): Promise<void>;
  /** False when the backend was in another state by then. @throws Fault NoSuchBackend */
  setBackendState(id: BackendId, change: BackendStateChange, actor: AuditActor): Promise<boolean>;
  /** @throws Fault NoSuchBackend (a retired one too) */
  updateBackend(id: BackendId, facts: BackendFacts, actor: AuditActor): Promise<Backend>;
  /** What background work may take of it; per process, see docs/spec/jobs-and-agents.md. */
  setBackgroundLimits(id: BackendId, limits: BackgroundLimits, actor: AuditActor): Promise<void>;

  /**
   * @throws Fault BucketAlreadyExists (another tenant's in the same namespace), BucketAlreadyOwnedByYou,
   * QuotaExceeded (TooManyBuckets)
   */
  createBucket(bucket: NewBucket, actor: AuditActor): Promise<Bucket>;
  /** Not of a tenant that is being deleted: nothing may be put there any more. */
  bucket(namespace: string, name: BucketName): Promise<Bucket | undefined>;
  bucketById(id: number): Promise<Bucket | undefined>;
  listBuckets(
    tenantId: TenantId,
    request: { readonly prefix: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly buckets: readonly Bucket[]; readonly truncated: boolean }>;
  /** @throws Fault BucketNotEmpty, NoSuchBucket */
  deleteBucket(id: number, actor: AuditActor): Promise<void>;
  updateBucket(
    id: number,
    change: {
      readonly encryption?: EncryptionMode;
      /** Never back to `off`; not `suspended` under object lock. */
      readonly versioning?: Versioning;
      /** Object lock can be switched on for a versioned bucket, never off. */
      readonly objectLock?: true;
      readonly policyName?: string | null;
      readonly regionLock?: readonly string[];
      readonly defaultClass?: string | null;
      readonly requestRecords?: RequestRecording | null;
      /** null removes the document. */
      readonly configs?: Readonly<Partial<Record<BucketConfigKind, string | null>>>;
    },
    actor: AuditActor,
  ): Promise<Bucket>;

  /** The physical buckets that a logical one has so far. */
  physicalBuckets(bucketId: number): Promise<ReadonlyMap<BackendId, PhysicalBucketName>>;
  /** Notes that the physical bucket exists; a concurrent claim of the same name is no error. */
  recordPhysicalBucket(request: {
    readonly bucketId: number;
    readonly backend: BackendId;
    readonly name: PhysicalBucketName;
    readonly counter: number;
  }): Promise<void>;

  /** A new version of the named policy. */
  putPolicy(name: string, document: string, actor: AuditActor): Promise<PolicyRecord>;
  /** The newest version. */
  policy(name: string): Promise<PolicyRecord | undefined>;
  listPolicies(): Promise<readonly PolicyRecord[]>;
}
