import type { AccessKeyId, BackendId, BlobId, BucketName, ObjectKey, TenantId, VersionId } from '../names/index.ts';
import type { Checksum } from './checksum.ts';

/** `required`: only sealed objects. `report`: accept all, record the verdict. `off`: accept all. */
export type EncryptionMode = 'required' | 'report' | 'off';
export type Versioning = 'off' | 'enabled' | 'suspended';

/**
 * Of requests, in the audit log. `batched`: recorded when they are over, in memory for a moment. `synchronous`: also before
 * they are served.
 */
export type RequestRecording = 'off' | 'batched' | 'synchronous';

export interface Tenant {
  readonly id: TenantId;
  /** Unique, immutable; part of physical bucket names. */
  readonly name: string;
  /** S3 canonical user id: 64 hex digits. */
  readonly ownerId: string;
  readonly displayName: string;
  readonly email: string | null;
  /** Bucket names are unique within a namespace; tenants share `default` unless the operator gives them their own. */
  readonly namespace: string;
  /** `deleting` and `deleted` are for good: see `MetadataErasures`. */
  readonly state: 'active' | 'suspended' | 'deleting' | 'deleted';
  readonly defaultEncryption: EncryptionMode;
  readonly policyName: string | null;
  readonly settings: TenantSettings;
  readonly quotas: TenantQuotas;
  /** Of requests to its buckets, and of its own that name none. Absent and null: as the gateway's setting says. */
  readonly requestRecords?: RequestRecording | null;
  readonly createdAtMs: number;
}

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
export type ObjectOwnership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';

/** What a tenant may have; null: no bound. */
export interface TenantQuotas {
  /** Of all versions and of parts under way, as the tenant counts them: copies and shards do not. */
  readonly bytes: number | null;
  /** Versions; delete markers do not count. */
  readonly objects: number | null;
  /** Of each process that serves S3. */
  readonly requestsPerSecond: number | null;
}

/** Switches of the S3 dialect that a tenant's clients see. */
export interface TenantSettings {
  /** Ownership of new buckets that ask for none. */
  readonly objectOwnership: ObjectOwnership;
  /** Accept Signature Version 2 (headers, query, POST forms). */
  readonly legacySignatures: boolean;
  /** New buckets block public access until their owner says otherwise. */
  readonly blockPublicAccess: boolean;
}

export interface Credential {
  readonly accessKeyId: AccessKeyId;
  readonly secretAccessKey: string;
  readonly tenant: Tenant;
  /** `session`: temporary (STS), with a token and an expiry. */
  readonly kind: 'static' | 'session';
  readonly state: 'active' | 'disabled';
  /**
   * IAM-style policy document (JSON) that bounds what the credential may do; null: everything its tenant may. Of a
   * session: that of the credential or role it was made from, as it is now.
   */
  readonly policy: string | null;
  /** Of a session: a second document that bounds it; what it may do, both must allow. null: no second bound. */
  readonly sessionPolicy: string | null;
  /**
   * Of a session: the access key id it was made from, or `role/<role>/<session name>`; null for a static one. A session
   * whose parent is disabled reads as disabled; one whose parent was deleted is gone.
   */
  readonly parent: string | null;
  readonly expiresAtMs: number | null;
  /** Set for temporary credentials (STS): what `x-amz-security-token` must equal. */
  readonly sessionToken: string | null;
  readonly description: string | null;
  readonly createdAtMs: number;
  /** The beginning of the hour in which it was last used, of a static one; null: never, or not since this is noted. */
  readonly lastUsedAtMs?: number | null;
}

export type BackendType = 's3' | 'filesystem' | 'memory';
/** Where the secret of a backend lives: with the gateway, with one agent, or with the client. */
export type CustodyMode = 'gateway' | 'agent' | 'client';
export type BackendState = 'healthy' | 'degraded' | 'unhealthy' | 'recovering' | 'draining' | 'retired';

/** What the probe found. A missing member was not tried; policies treat it as "no". */
export interface BackendCapabilities {
  readonly put?: boolean;
  readonly get?: boolean;
  readonly range?: boolean;
  readonly delete?: boolean;
  readonly list?: boolean;
  /** Its ListObjectsV2 begins behind `start-after`. Where it does not, the older listing's `marker` is used. */
  readonly listAfter?: boolean;
  readonly multipart?: boolean;
  /** Parts of one upload, the last one aside, may differ in size. */
  readonly unequalParts?: boolean;
  /** Parts besides the last one may have less than 5 MiB. */
  readonly smallParts?: boolean;
  readonly conditionalWrite?: boolean;
  readonly versioning?: boolean;
  readonly objectLock?: boolean;
  /** Takes locked objects without Content-MD5 or a checksum. Where it does not, puts carry one whenever it can be known. */
  readonly lockWithoutDigest?: boolean;
  /** Accepts `x-amz-checksum-*` headers and refuses a wrong one. */
  readonly checksumHeader?: boolean;
  /** Accepts aws-chunked bodies with a trailing checksum and refuses a wrong one. */
  readonly checksumTrailer?: boolean;
  /** Refuses a wrong chunk signature of STREAMING-AWS4-HMAC-SHA256-PAYLOAD. */
  readonly chunkSignature?: boolean;
  /** The ETag of a plain PUT is the MD5 of its body. */
  readonly etagIsMd5?: boolean;
}

/** What a backend costs, as its operator says. A member that is not known is null, which never means nothing. */
export interface BackendPrices {
  /** ISO 4217 */
  readonly currency: string;
  /** For each GB (10^9 bytes) and month. */
  readonly storagePerGbMonth: number | null;
  /** For each GB that is read from it. */
  readonly egressPerGb: number | null;
  /** For a thousand requests that write. */
  readonly per1000Requests: number | null;
}

/** What repairs, replications and scrubs of each process keep to on one backend. Absent or null: no bound. */
export interface BackgroundLimits {
  /** Of all bodies, both ways. At least `BACKGROUND_BYTES_PER_SECOND_MIN` where people set it. */
  readonly bytesPerSecond?: number | null;
  /** Blobs or shards that are worked on at once: each may be read from the backend, written to it, or both. */
  readonly concurrency?: number | null;
}

export interface Backend {
  readonly id: BackendId;
  /** Small number that rows use in place of the id. */
  readonly num: number;
  readonly type: BackendType;
  /** https URL of an S3 endpoint, or the folder of a filesystem backend. */
  readonly endpoint: string;
  readonly provider: string;
  /** The string that requests to the backend are signed for. */
  readonly providerRegion: string;
  /** The operator's name of the place, the label that spread rules count. */
  readonly region: string;
  /** ISO 3166-1 alpha-2 of where the bytes are, `EU` or `XX` when it is not pinned. */
  readonly country: string;
  /** EU, EEA, CH, UK, US, ... or `unknown`. */
  readonly jurisdiction: string;
  /** Seat of the operator's ultimate parent, alpha-2, or `unknown`. */
  readonly operatorJurisdiction: string;
  readonly certificates: readonly string[];
  readonly sla: string | null;
  /** Share of new blobs relative to other backends. 0: none. */
  readonly weight: number;
  readonly addressing: 'path' | 'virtual';
  readonly custody: CustodyMode;
  /** Custody `agent`: the one that has its credentials. */
  readonly agentId?: string | null;
  /** What background work may take of it; traffic of clients is not held back. */
  readonly background?: BackgroundLimits;
  /** Only for custody `gateway`; opened by the metadata driver, wrapped so that it does not print. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** Of temporary ones, which only agents get (see docs/spec/credential-grants.md). */
    readonly sessionToken?: string;
  } | null;
  readonly capabilities: BackendCapabilities;
  readonly probedAtMs: number | null;
  /** Absent and null: nobody said. */
  readonly prices?: BackendPrices | null;
  /** Milliseconds to the first byte that the operator expects, the same for every gateway; absent and null: nobody said. */
  readonly expectedLatencyMs?: number | null;
  /** The row of the provider catalogue that its facts were taken from, if any. */
  readonly zone?: string | null;
  readonly state: BackendState;
  /** When the database heard of that state. */
  readonly stateSinceMs: number;
  readonly createdAtMs: number;
}

export interface Bucket {
  readonly id: number;
  readonly tenantId: TenantId;
  readonly tenantName: string;
  readonly ownerId: string;
  readonly ownerDisplayName: string;
  readonly namespace: string;
  readonly name: BucketName;
  /** The gateway region it was created in: part of physical bucket names. */
  readonly region: string;
  /** What LocationConstraint said at creation, answered by GetBucketLocation. */
  readonly locationConstraint: string;
  readonly encryption: EncryptionMode;
  readonly versioning: Versioning;
  readonly objectLock: boolean;
  /** The bucket's own policy; null: the tenant's, else the built-in one. */
  readonly policyName: string | null;
  /** Jurisdictions and countries the bucket's bytes may be in; empty: whatever the policy allows. */
  readonly regionLock: readonly string[];
  readonly defaultClass: string | null;
  /** Holds where it is stricter than what the tenant has; absent and null: that. */
  readonly requestRecords?: RequestRecording | null;
  /** What the tenant has; absent and null: the gateway's setting. */
  readonly ownerRequestRecords?: RequestRecording | null;
  /** Sub-resources as they were put (CORS, lifecycle, ...), parsed by the S3 layer. */
  readonly configs: Readonly<Partial<Record<BucketConfigKind, string>>>;
  readonly createdAtMs: number;
}

export type BucketConfigKind =
  | 'accelerate'
  | 'acl'
  | 'cors'
  | 'encryption'
  | 'lifecycle'
  | 'logging'
  | 'notification'
  | 'object-lock'
  | 'ownership'
  | 'policy'
  | 'public-access-block'
  | 'request-payment'
  | 'tagging'
  | 'website';

/** What a client sent with the object and gets back with it. All names are lower case. */
export interface StoredHeaders {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly expires?: string;
  readonly websiteRedirectLocation?: string;
  /** What the writer of a sealed object signed about it: a compact JWS (docs/spec/sealed-objects.md, section 17). */
  readonly manifest?: string;
  /** `x-amz-meta-*` without the prefix. */
  readonly user?: Readonly<Record<string, string>>;
}

export type AclPermission = 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';
export type AclGrantee =
  /** A tenant, by its canonical user id. */
  | { readonly kind: 'user'; readonly ownerId: string }
  | { readonly kind: 'group'; readonly group: 'AllUsers' | 'AuthenticatedUsers' | 'LogDelivery' };

/** An access control list. The owner is said beside it; rights that it has without being listed are not in here. */
export interface Acl {
  readonly grants: readonly { readonly grantee: AclGrantee; readonly permission: AclPermission }[];
}

/** Until when a version may not go, and whether somebody with the bypass right may end that earlier (GOVERNANCE). */
export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly untilMs: number;
}

/** How the gateway encrypted the stored bytes (never those of strict buckets, whose clients seal). Opaque to the metadata. */
export interface GatewayEncryption {
  readonly kind: 'SSE-S3' | 'SSE-C';
  /** The object's data key, base64: wrapped under the operator's key (SSE-S3) or under the customer's (SSE-C). */
  readonly wrappedKey: string;
  /** Which version of the operator's key wraps it; 0 for SSE-C. */
  readonly keyVersion: number;
}

/** What a version has besides its bytes and headers. */
export interface VersionAttributes {
  /** Canonical user id of the owner; null: the bucket's owner. */
  readonly ownerId: string | null;
  /** null: private to the owner. */
  readonly acl: Acl | null;
  readonly retention: Retention | null;
  /** false: there was one, and it was lifted; null: there never was one. */
  readonly legalHold: boolean | null;
  readonly encryption: GatewayEncryption | null;
}

/** Of a version nobody said anything special about. */
export const PLAIN_ATTRIBUTES: VersionAttributes = {
  ownerId: null,
  acl: null,
  retention: null,
  legalHold: null,
  encryption: null,
};

/** The envelope columns of a version: what a keyless gateway knows of its seal. */
export interface EnvelopeRecord {
  readonly encryptedKey: string;
  readonly keyId: string;
  readonly keyVersion: number;
  readonly keyAlg: string;
  readonly encryptionAlg: string;
}

/** How the bytes of a blob lie on backends. A stripe has `k` cells; of a class it is the shortest that its blobs have. */
export type BlobLayout =
  | { readonly kind: 'copies' }
  | { readonly kind: 'erasure'; readonly k: number; readonly m: number; readonly stripeBytes: number };

/**
 * `stored`: verified there. `pending`: being written. `missing`: owed, a repair job exists. `leaving`: what is there may
 * still be read, counts for nothing, and is removed once the others are stored. See docs/spec/placement-maintenance.md.
 */
export type ReplicaState = 'stored' | 'pending' | 'missing' | 'leaving';

export interface ReplicaRecord {
  readonly backend: BackendId;
  /** 0 for whole copies, else the shard's index. */
  readonly shard: number;
  readonly state: ReplicaState;
}

/** Where one copy or shard of a blob is, or was. */
export interface ReplicaPlace {
  readonly blobId: BlobId;
  readonly backend: BackendId;
  readonly shard: number;
}

export interface BlobRecord {
  readonly blobId: BlobId;
  /** As stored. */
  readonly bytes: number;
  readonly layout: BlobLayout;
  /** Size of the blocks that `digests` covers; the last one may be shorter. */
  readonly blockBytes: number;
  /** SHA-256 of each block, joined; null when the list is long and must be read with `readDigests`. */
  readonly digests: Uint8Array | null;
  readonly replicas: readonly ReplicaRecord[];
}

export interface ObjectVersion {
  readonly bucketId: number;
  readonly key: ObjectKey;
  /** Commit sequence: the one order of versions. */
  readonly seq: bigint;
  /** `null` for the version of an unversioned or suspended bucket. */
  readonly versionId: VersionId | 'null';
  readonly deleteMarker: boolean;
  /** As the client sees them. The blob has more when the gateway encrypted it. */
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly redundancyClass: string;
  readonly headers: StoredHeaders;
  readonly checksum: Checksum | null;
  readonly envelope: EnvelopeRecord | null;
  /** What the seal inspection found, e.g. `sealed:sgo1`, `plain`; null when it was not asked. */
  readonly verdict: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly attributes: VersionAttributes;
  /** The bytes of a version that was put whole; null for a delete marker and for a multipart object. */
  readonly blob: BlobRecord | null;
  /** 0 when put whole, else the number of parts (read them with `readSegments`). */
  readonly parts: number;
}

/** Who caused a change, for the audit entry of the same transaction. */
export interface AuditActor {
  readonly kind: 'tenant' | 'admin' | 'agent' | 'system';
  /** Access key id, admin subject, agent id or component. */
  readonly id: string;
  readonly requestId: string;
  readonly remoteAddress?: string;
}

export interface PolicyRecord {
  readonly name: string;
  readonly version: number;
  /** The YAML document as it was applied. */
  readonly document: string;
  readonly createdAtMs: number;
}
