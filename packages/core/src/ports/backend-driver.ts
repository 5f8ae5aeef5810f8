import type { Readable } from 'node:stream';
import type { PhysicalBucketName } from '../names/index.ts';
import type { Retention } from './model.ts';

/** Options of every call to a backend. An aborted call rejects with the signal's reason and leaves no socket open. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Of the blob, where the caller knows it: for the metering of calls. No driver goes by it. */
  readonly redundancyClass?: string | undefined;
}

/** Bytes `start` to `end`, both included, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PutBlob extends CallOptions {
  /** Exactly `bytes` bytes; a stream that ends early or late makes the put fail and leaves nothing behind. */
  readonly body: Readable | Uint8Array;
  readonly bytes: number;
  /**
   * Takes the place of what is under this key, in one step: whoever reads meanwhile gets the old bytes or the new ones, and a
   * put that fails leaves the old ones. For a copy that is bad and made anew.
   */
  readonly replace?: boolean;
  /** MD5 of the whole body, when it is known before the body is sent. */
  readonly md5?: Uint8Array;
  /** SHA-256 of the whole body, when it is known before the body is sent; saves a driver that signs it the work. */
  readonly sha256?: Uint8Array;
  /**
   * Called once after the last byte went out and before the receipt: the digest that the engine computed on the way,
   * so that a driver can compare what the backend says it received.
   */
  readonly bodyMd5?: () => Promise<Uint8Array | undefined>;
}

export interface PutReceipt {
  /**
   * How the backend proved that it holds these bytes. `checksum`: it was sent a digest and refuses other bytes. `etag`:
   * its own digest of what it received equals ours. `flushed`: the bytes went to a local disk through this process and
   * the flush was confirmed. `none`: no proof; the copy must be read before it is trusted.
   */
  readonly verified: 'checksum' | 'etag' | 'flushed' | 'none';
  readonly etag?: string;
}

export interface GetBlobOptions extends CallOptions {
  /** An `end` past the blob's last byte gives what there is; a `start` past it is BackendCorrupt: the copy is too short. */
  readonly range?: ByteRange;
}

export interface OpenedBlob {
  /** Bytes that `body` will give when nothing goes wrong. */
  readonly bytes: number;
  /** Size of the whole blob on the backend. */
  readonly totalBytes: number;
  /** Must be consumed or destroyed. */
  readonly body: Readable;
}

export interface PresignPut {
  /** Exactly so many may be sent. */
  readonly bytes: number;
  /** Digests of the whole body that the backend is made to check, where it does that. */
  readonly md5?: Uint8Array;
  readonly sha256?: Uint8Array;
  readonly expiresSeconds: number;
}

export interface PresignedPut {
  readonly url: string;
  /** To be sent exactly so; names are lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a backend says of a blob. */
export interface BlobFacts {
  readonly bytes: number;
  /** SHA-256 of the whole that the backend computed over what it received; only when asked for, where it keeps one. */
  readonly sha256?: Uint8Array;
}

export interface ListBlobsOptions extends CallOptions {
  readonly prefix?: string;
  /** Exclusive. */
  readonly after?: string;
  readonly limit: number;
}

export interface ListedBlob {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

export interface ListBlobsPage {
  readonly blobs: readonly ListedBlob[];
  readonly truncated: boolean;
}

export interface BackendHealthSample {
  readonly ok: boolean;
  readonly latencyMs: number;
}

/**
 * One place that keeps immutable blobs. Blob keys are ASCII, made by the engine, unique per attempt; nothing is ever
 * overwritten, but by the same bytes made anew (`replace`): any other second put under one key fails or, where a backend
 * cannot refuse it, must carry the same bytes.
 * Drivers turn everything foreign into Faults: BackendUnreachable, BackendTimeout, BackendRefused, BackendFull,
 * BackendCorrupt, BlobMissing, BucketNameTaken. A bucket or key that no engine would make is ValidationFailed.
 */
export interface BackendDriver {
  /**
   * Makes sure that the bucket exists and is ours; a new one with object lock when that is asked for.
   * @throws Fault BucketNameTaken when somebody else owns the name.
   */
  ensureBucket(bucket: PhysicalBucketName, options: CallOptions & { readonly objectLock?: boolean }): Promise<void>;
  /** Removes an empty bucket; a missing one is no error. @throws Fault BackendRefused when it is not empty. */
  removeBucket(bucket: PhysicalBucketName, options: CallOptions): Promise<void>;
  /**
   * Stores a blob durably: when it resolves the bytes survive the backend's crash. All or nothing is visible. A body
   * that is a stream is consumed or destroyed, whatever happens. @throws Fault BlobMissing when the bucket is not there
   */
  put(bucket: PhysicalBucketName, key: string, blob: PutBlob): Promise<PutReceipt>;
  /** @throws Fault BlobMissing */
  get(bucket: PhysicalBucketName, key: string, options: GetBlobOptions): Promise<OpenedBlob>;
  /** The blob's size, or undefined when it is not there. `checksum`: its digest too, where the backend has one. */
  head(
    bucket: PhysicalBucketName,
    key: string,
    options: CallOptions & { readonly checksum?: boolean },
  ): Promise<BlobFacts | undefined>;
  /**
   * Lets the bearer of a URL put one blob where there is none yet, with nobody's keys. Undefined where nothing would keep
   * that bearer from writing over it later; absent where there are no such URLs. Calls nobody.
   */
  presignPut?(bucket: PhysicalBucketName, key: string, put: PresignPut): PresignedPut | undefined;
  /**
   * Keeps a blob from removal until then: GOVERNANCE, by everybody who has not, as this driver may have, the right to bypass
   * that; COMPLIANCE, by everybody. Absent where there is no object lock at all.
   * @throws Fault BackendRefused (a bucket made without object lock), BlobMissing
   */
  retain?(
    bucket: PhysicalBucketName,
    key: string,
    options: CallOptions & { readonly untilMs: number; readonly mode?: Retention['mode'] },
  ): Promise<void>;
  /** What the backend itself says keeps a blob; undefined: nothing, or nothing that it knows of. @throws Fault BlobMissing */
  retention?(bucket: PhysicalBucketName, key: string, options: CallOptions): Promise<Retention | undefined>;
  /** Whether the bucket was made with object lock; undefined: the backend does not say. */
  hasObjectLock?(bucket: PhysicalBucketName, options: CallOptions): Promise<boolean | undefined>;
  /**
   * Idempotent: a missing blob or bucket is no error. Removes every version where the backend keeps versions, retained
   * ones too, unless `keepRetained` says to bypass nothing.
   * @throws Fault BackendRefused when something retained was to be kept, and is there yet
   */
  delete(
    bucket: PhysicalBucketName,
    key: string,
    options: CallOptions & { readonly keepRetained?: boolean },
  ): Promise<void>;
  /** Ascending by key, bytewise. A missing bucket lists as empty. */
  list(bucket: PhysicalBucketName, options: ListBlobsOptions): Promise<ListBlobsPage>;
  /** A cheap authenticated call: is the backend there, and how fast. Never throws but for an aborted signal. */
  ping(options: CallOptions): Promise<BackendHealthSample>;
  /** Ends idle connections. Calls under way finish first. */
  close(): Promise<void>;
}
