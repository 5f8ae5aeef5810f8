import type { BackendId, BlobId, ObjectKey, PhysicalBucketName, TenantId } from '@sealgate/core/names';
import type {
  AuditActor,
  Backend,
  Bucket,
  EnvelopeRecord,
  ObjectPreconditions,
  PlannedCommit,
  PresignedPut,
  ReplicaRecord,
  StoredHeaders,
  VersionAttributes,
} from '@sealgate/core/ports';
import type { PutDeps } from '../objects/put-object.ts';
import type { Policies } from '../placement/policies.ts';

export interface DirectDeps extends PutDeps {
  readonly policies: Policies;
}

export interface PlanUploadRequest {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly bytes: number;
  readonly md5: Uint8Array | null;
  readonly sha256: Uint8Array | null;
  /** A redundancy class or S3 storage class; undefined: the bucket's default. */
  readonly requestedClass: string | undefined;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

/** One copy that the client is to put. */
export interface PlannedTarget {
  readonly backend: Backend;
  readonly bucket: PhysicalBucketName;
  readonly key: string;
  readonly upload: PresignedPut;
}

export interface PlannedUpload {
  readonly blobId: BlobId;
  readonly redundancyClass: string;
  /** What the verified copies must be for the commit to be taken. */
  readonly ackRule: string;
  readonly expiresAtMs: number;
  readonly urlsExpireAtMs: number;
  readonly targets: readonly PlannedTarget[];
  /** Further backends that the class wants: the gateway copies there after the commit. */
  readonly replicated: readonly BackendId[];
}

/** Watches the bytes of an upload for what the bucket asks of them. May throw a Fault. */
export interface UploadWatch {
  push(chunk: Uint8Array): void;
  finish(): { readonly verdict: string | null; readonly envelope: EnvelopeRecord | null };
}

/** What the version says besides its bytes, whichever way they came. */
export interface DirectVersion {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  /** Digests of all bytes, as far as the client tells them now; a plan may have told some before. */
  readonly told: { readonly md5: Uint8Array | null; readonly sha256: Uint8Array | null };
  readonly headers: StoredHeaders;
  readonly attributes: VersionAttributes;
  readonly preconditions: ObjectPreconditions;
  /** Asked for one for each copy that is read from its first byte, until one was read to its end. */
  readonly watch: (bytes: number) => UploadWatch;
  readonly job: {
    readonly tenantId: TenantId;
    readonly targets: readonly BackendId[];
    readonly encryptionRequired: boolean;
  } | null;
  /** Does the work if its tenant may have so many bytes more; absent: nobody counts. */
  readonly count?: <T>(bytes: number, work: () => Promise<T>) => Promise<T>;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

export interface CommitPlannedRequest extends DirectVersion {
  readonly blobId: BlobId;
  /** What the commit says again of class and tags: nothing else than the plan. */
  readonly requestedClass: string | undefined;
  readonly tags: Readonly<Record<string, string>> | null;
  /** Backends that the client says it put to, with the ETags it got; null: all of the plan. */
  readonly claims: ReadonlyMap<BackendId, string | null> | null;
}

/** An object that its owner put into the physical bucket that its logical one has on a backend. */
export interface AdoptRequest extends DirectVersion {
  readonly sources: readonly {
    readonly backend: BackendId;
    /** As the client named it. */
    readonly bucket: string;
    readonly key: string;
    readonly etag: string | null;
  }[];
  readonly requestedClass: string | undefined;
  readonly tags: Readonly<Record<string, string>> | null;
}

export interface DirectResult extends PlannedCommit {
  readonly blobId: BlobId;
  /** Null in the answer to a commit that was made before: the bytes are not read again. */
  readonly etag: string | null;
  readonly bytes: number;
  readonly redundancyClass: string;
  readonly verdict: string | null;
  /** Backends whose copies were verified. */
  readonly ackedBy: readonly BackendId[];
  /** Empty when the answer is that of an earlier commit. */
  readonly replicas: readonly ReplicaRecord[];
}
