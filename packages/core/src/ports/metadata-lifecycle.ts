import type { BlobId, ObjectKey, VersionId } from '../names/index.ts';
import type { SegmentRecord } from './metadata-objects.ts';
import type { AuditActor, BlobLayout, Bucket, ObjectVersion, ReplicaRecord } from './model.ts';

/** A version or delete marker as a walk over a bucket meets it. */
export interface WalkedRecord {
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  readonly deleteMarker: boolean;
  readonly bytes: number;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly modifiedAtMs: number;
  readonly redundancyClass: string;
}

/** The version that somebody judged, and what it was then. */
export interface JudgedVersion {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly tags: Readonly<Record<string, string>> | null;
  /** `current`: what a GET finds. `lone-marker`: a delete marker that is the only version of its key. */
  readonly place: 'current' | 'noncurrent' | 'lone-marker';
  /** Noncurrent versions newer than it that must still be there, delete markers not counted. 0 but for noncurrent ones. */
  readonly newerVersions: number;
}

/**
 * `done`. `changed`: it is no longer what was judged, and nothing happened. `locked`: retention or a legal hold keeps it.
 */
export type ExpireOutcome = 'done' | 'changed' | 'locked';

/** New bytes for what `old` holds of a version: the same bytes, kept under another class. */
export interface ReplaceBlob {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly seq: bigint;
  /** 0: the version was put whole. Else the part whose segment it is. */
  readonly partNumber: number;
  readonly old: BlobId;
  readonly blobId: BlobId;
  readonly storedBytes: number;
  readonly redundancyClass: string;
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  readonly digests: Uint8Array;
  readonly replicas: readonly ReplicaRecord[];
  readonly actor: AuditActor;
}

/**
 * What the lifecycle of objects reads and does. It judges what it read a while ago, and clients go on meanwhile: so
 * every change here looks again, in its own transaction and under the key's lock, whether the version still is what was
 * judged. No change here removes what is locked.
 */
export interface MetadataLifecycle {
  /** The database's time, milliseconds since 1970, to judge by: that of a gateway may be wrong. */
  databaseTime(): Promise<number>;
  /** The active bucket with a lifecycle configuration that comes next behind `afterId`, by id; 0 is before all. */
  nextLifecycleBucket(afterId: number): Promise<Bucket | undefined>;
  /** All versions and delete markers below a prefix, by key bytewise, of one key the newest first. */
  walkVersions(request: {
    readonly bucketId: number;
    readonly prefix: string;
    /** Behind this one, which need not exist any more. */
    readonly after: { readonly key: ObjectKey; readonly seq: bigint } | null;
    readonly limit: number;
  }): Promise<{ readonly versions: readonly WalkedRecord[]; readonly more: boolean }>;
  /** Removes a version, or lays a delete marker over a current one where the bucket keeps versions. */
  expireVersion(request: JudgedVersion & { readonly actor: AuditActor }): Promise<ExpireOutcome>;
  /**
   * Puts one blob in the place of another, whose bytes join the deletion queue. Id, ETag and time of the version stay,
   * and one put whole is of the new class then. False when the version has no such blob any more: the new one is the
   * caller's to give up.
   * @throws Fault Conflict when the new blob was given up
   */
  replaceBlob(request: ReplaceBlob): Promise<boolean>;
  /** Segments of a multipart version whose blobs are of another class, by part number, at most `limit`. */
  segmentsOutside(version: ObjectVersion, redundancyClass: string, limit: number): Promise<readonly SegmentRecord[]>;
  /** A multipart version is of the class once all its segments are. False when they are not, or the version is gone. */
  settleClass(request: {
    readonly bucketId: number;
    readonly key: ObjectKey;
    readonly seq: bigint;
    readonly redundancyClass: string;
    readonly actor: AuditActor;
  }): Promise<boolean>;
  /**
   * Aborts open uploads of buckets that are gone, and forgets uploads that ended at least `rememberedMs` ago with
   * nothing left of their bytes. A completion of one that is forgotten is not repeated any more. How many it took.
   */
  purgeUploads(request: {
    readonly rememberedMs: number;
    readonly limit: number;
    readonly actor: AuditActor;
  }): Promise<number>;
}
