import type { BackendId, BlobId, BucketName, ObjectKey } from '../names/index.ts';
import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
import type {
  AuditActor,
  BlobLayout,
  EnvelopeRecord,
  ReplicaRecord,
  StoredHeaders,
  VersionAttributes,
} from './model.ts';

export interface UploadRecord {
  /** Opaque, URL-safe. */
  readonly uploadId: string;
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly redundancyClass: string;
  readonly headers: StoredHeaders;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly checksumAlgorithm: ChecksumAlgorithm | null;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null;
  readonly envelope: EnvelopeRecord | null;
  /** Of the version to be. */
  readonly attributes: VersionAttributes;
  /** Access key id of who began it. */
  readonly initiator: string;
  readonly state: 'open' | 'completed' | 'aborted';
  readonly createdAtMs: number;
}

export interface PartRecord {
  readonly partNumber: number;
  readonly bytes: number;
  readonly etag: string;
  readonly checksum: Checksum | null;
  /** What the seal inspection of this part found (opaque to the metadata), for the check of the whole at completion. */
  readonly inspection: string | null;
  readonly blobId: BlobId;
  /** Backends that hold a verified copy (or shard) of it. */
  readonly storedOn: readonly BackendId[];
  readonly modifiedAtMs: number;
}

export interface CommitPart {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly blobId: BlobId;
  /** As the client sees them. */
  readonly bytes: number;
  /** Of the blob. */
  readonly storedBytes: number;
  readonly etag: string;
  readonly checksum: Checksum | null;
  readonly inspection: string | null;
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  readonly digests: Uint8Array;
  readonly replicas: readonly ReplicaRecord[];
  readonly actor: AuditActor;
}

/** Multipart uploads. Parts are placed and acknowledged like objects; they become visible by `commitUpload` only. */
export interface MetadataUploads {
  createUpload(upload: Omit<UploadRecord, 'state' | 'createdAtMs'> & { readonly actor: AuditActor }): Promise<void>;
  /** Also one that was completed, for an idempotent complete; undefined when unknown or aborted. */
  upload(bucketId: number, key: ObjectKey, uploadId: string): Promise<UploadRecord | undefined>;
  /** The same part number again replaces the part; the replaced blob joins the deletion queue. @throws Fault NoSuchUpload */
  commitPart(part: CommitPart): Promise<{ readonly modifiedAtMs: number }>;
  listParts(uploadId: string, afterPartNumber: number, limit: number): Promise<readonly PartRecord[]>;
  /** By key, then by time of creation. `keyMarker` and `uploadIdMarker` are exclusive. */
  listUploads(request: {
    readonly bucketId: number;
    readonly prefix: string;
    readonly delimiter: string;
    readonly keyMarker: string;
    readonly uploadIdMarker: string;
    readonly limit: number;
  }): Promise<{
    readonly uploads: readonly UploadRecord[];
    readonly commonPrefixes: readonly string[];
    readonly truncated: boolean;
    readonly nextKeyMarker: string | null;
    readonly nextUploadIdMarker: string | null;
  }>;
  /** Parts' blobs join the deletion queue. @throws Fault NoSuchUpload */
  abortUpload(request: {
    readonly bucketId: number;
    readonly key: ObjectKey;
    readonly uploadId: string;
    readonly actor: AuditActor;
  }): Promise<void>;
  /** True when the bucket has an open upload (S3 lets a bucket go only without objects; uploads do not hold it). */
  abortUploadsOf(bucketId: number, bucket: BucketName, actor: AuditActor): Promise<void>;
}
