import type { BlobId, ObjectKey, VersionId } from '../names/index.ts';
import type { Checksum } from './checksum.ts';
import type {
  Acl,
  AuditActor,
  BlobLayout,
  BlobRecord,
  EnvelopeRecord,
  ObjectVersion,
  ReplicaRecord,
  Retention,
  StoredHeaders,
  VersionAttributes,
} from './model.ts';

/**
 * Decided inside the transaction, against the current version at that moment. An ETag is without quotes.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
export interface ObjectPreconditions {
  /** `*` (must exist) or the ETag that the current version must have. */
  readonly ifMatch?: string;
  /** `*`: must not exist. */
  readonly ifNoneMatch?: string;
}

/** A copy of another version; a form that a browser posted. */
export type WriteCause = 'copy' | 'post';

export interface CommitVersion {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly blobId: BlobId;
  /** As the client sees them. */
  readonly bytes: number;
  /** Of the blob. */
  readonly storedBytes: number;
  readonly etag: string;
  readonly redundancyClass: string;
  readonly headers: StoredHeaders;
  readonly checksum: Checksum | null;
  readonly envelope: EnvelopeRecord | null;
  readonly verdict: string | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly attributes: VersionAttributes;
  /** How it came about, when not by a plain PUT: its event says so. */
  readonly cause?: WriteCause;
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  readonly digests: Uint8Array;
  /** Every replica the class wants. For each one that is not `stored` a repair job is made in the same transaction. */
  readonly replicas: readonly ReplicaRecord[];
  readonly preconditions: ObjectPreconditions;
  readonly actor: AuditActor;
}

export interface CommittedVersion {
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  /** True when the bucket is versioned now, so that the answer names the version. */
  readonly versioned: boolean;
  readonly modifiedAtMs: number;
}

export interface DeleteObject {
  readonly bucketId: number;
  readonly key: ObjectKey;
  /** Names one version to remove for good; without it the current one goes, or gets a delete marker. */
  readonly versionId?: VersionId | 'null';
  readonly preconditions: ObjectPreconditions;
  /**
   * What else must be true of the version that goes (without `versionId`: of the current one, be it a delete marker);
   * of one that is not there it need not.
   */
  readonly unchanged?: {
    readonly bytes?: number;
    /** Compared by whole seconds: clients know no finer time. */
    readonly modifiedAtMs?: number;
  };
  /** The caller has the right to remove versions under GOVERNANCE retention, and asked to use it. */
  readonly bypassGovernance?: boolean;
  readonly actor: AuditActor;
}

/** Changes what may change of a version without making a new one. An absent member stays as it is. */
export interface UpdateVersion {
  readonly bucketId: number;
  readonly key: ObjectKey;
  /** Absent: the current one. */
  readonly versionId?: VersionId | 'null';
  readonly change: {
    readonly tags?: Readonly<Record<string, string>> | null;
    readonly acl?: Acl | null;
    readonly ownerId?: string | null;
    readonly retention?: Retention | null;
    readonly legalHold?: boolean;
  };
  readonly bypassGovernance?: boolean;
  readonly actor: AuditActor;
}

export interface DeletedObject {
  /** The marker that was made or removed, or the version that was removed; undefined in unversioned buckets. */
  readonly versionId?: VersionId | 'null';
  readonly deleteMarker: boolean;
  /** False when there was nothing to delete, which S3 answers with success too. */
  readonly existed: boolean;
}

export interface ListObjects {
  readonly bucketId: number;
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys (and common prefixes) must be greater than this, bytewise. Empty: from the start. */
  readonly after: string;
  /** Keys and common prefixes together. */
  readonly limit: number;
}

export interface ListedObject {
  readonly key: ObjectKey;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly redundancyClass: string;
  readonly checksum: Checksum | null;
  /** null: the bucket's owner. */
  readonly ownerId: string | null;
}

export interface ListObjectsPage {
  readonly objects: readonly ListedObject[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix of this page, to go on `after`; only when truncated. */
  readonly next: string | null;
}

export interface ListVersions {
  readonly bucketId: number;
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  /** Start behind this version of `keyMarker`; without it behind all of them. */
  readonly versionIdMarker?: VersionId | 'null';
  readonly limit: number;
}

export interface ListedVersion extends ListedObject {
  readonly versionId: VersionId | 'null';
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}

export interface ListVersionsPage {
  /** By key ascending, newest first. */
  readonly versions: readonly ListedVersion[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  readonly nextKeyMarker: string | null;
  readonly nextVersionIdMarker: VersionId | 'null' | null;
}

export interface SegmentRecord {
  readonly partNumber: number;
  /** Offset of the segment's first byte in the object. */
  readonly offset: number;
  /** As the client sees them; the blob has more when the gateway encrypted it. */
  readonly bytes: number;
  readonly blob: BlobRecord;
}

/** What a part of a published version says of itself. */
export interface VersionPart {
  readonly partNumber: number;
  readonly bytes: number;
  readonly checksum: Checksum | null;
}

/** Publishes the parts of an upload as one version. */
export interface CommitUpload {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly uploadId: string;
  /** As the client listed them, ascending. */
  readonly parts: readonly { readonly partNumber: number; readonly etag: string; readonly checksum?: string }[];
  readonly etag: string;
  readonly bytes: number;
  readonly checksum: Checksum | null;
  readonly envelope: EnvelopeRecord | null;
  readonly verdict: string | null;
  /** Joins the headers that the upload was begun with: it is about the whole, which is known only now. */
  readonly manifest?: string;
  readonly preconditions: ObjectPreconditions;
  readonly actor: AuditActor;
}

/**
 * Objects in the metadata database. Each method is one transaction and one round trip. PostgreSQL's commit decides the
 * order of versions; every change leaves its change-log and audit rows in the same transaction.
 */
export interface MetadataObjects {
  /**
   * Publishes a version. In unversioned buckets the version it replaces goes, its blobs join the deletion queue.
   * @throws Fault PreconditionFailed, ConditionalRequestConflict, NoSuchBucket, NoSuchKey (If-Match on nothing)
   */
  commitVersion(version: CommitVersion): Promise<CommittedVersion>;
  /**
   * @throws Fault NoSuchUpload, InvalidPart (unknown or other ETag), PreconditionFailed. Completing again what was
   * completed by the same list gives the same answer.
   */
  commitUpload(upload: CommitUpload): Promise<CommittedVersion>;
  /**
   * @throws Fault PreconditionFailed, NoSuchKey (If-Match on nothing), NoSuchBucket, AccessDenied (a named version under
   * legal hold or retention)
   */
  deleteObject(request: DeleteObject): Promise<DeletedObject>;
  /**
   * Retention may always be made longer; shorter or less strict only in GOVERNANCE mode with `bypassGovernance`.
   * @throws Fault NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its id), AccessDenied (retention),
   * InvalidRequest (retention or hold without object lock)
   */
  updateVersion(request: UpdateVersion): Promise<{ readonly versionId: VersionId | 'null'; readonly seq: bigint }>;
  /** The current version (possibly a delete marker), or undefined. */
  currentVersion(bucketId: number, key: ObjectKey): Promise<ObjectVersion | undefined>;
  version(bucketId: number, key: ObjectKey, versionId: VersionId | 'null'): Promise<ObjectVersion | undefined>;
  /** The commit sequence of the current version, to check a cached one; undefined when there is none. */
  currentSeq(bucketId: number, key: ObjectKey): Promise<bigint | undefined>;
  /** `count` digests of a blob from block `first` on, joined. */
  readDigests(blobId: BlobId, first: number, count: number): Promise<Uint8Array>;
  /** Segments of a multipart version that overlap bytes from `offset` on, at most `limit`, ascending. */
  readSegments(version: ObjectVersion, offset: number, limit: number): Promise<readonly SegmentRecord[]>;
  /** The segment of one part number, or undefined. */
  readSegmentOfPart(version: ObjectVersion, partNumber: number): Promise<SegmentRecord | undefined>;
  /** The parts that a multipart version was made of, by part number, from behind `afterPartNumber` on. */
  readParts(version: ObjectVersion, afterPartNumber: number, limit: number): Promise<readonly VersionPart[]>;
  listObjects(request: ListObjects): Promise<ListObjectsPage>;
  listVersions(request: ListVersions): Promise<ListVersionsPage>;
}
