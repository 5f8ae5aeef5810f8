/** Why a bucket of a source, or the source itself, could not be read. What the source said in words is never kept. */
export type SourceTrouble =
  /** The keys are unknown there, or their signature is wrong. */
  | 'wrong-credentials'
  | 'not-permitted'
  | 'not-found'
  /** It answers for another region or endpoint. Redirects are not followed: keys would be sent where nobody said. */
  | 'elsewhere'
  | 'unreachable'
  | 'timeout'
  /** It answered what is no listing, a longer one than any that makes sense, or went round in circles. */
  | 'invalid-answer';

/** Why a single setting of a bucket is not known. */
export type Unread = 'not-permitted' | 'not-supported' | 'unknown';

/** What a source says of an object, as it came. */
export interface SourceObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** Without quotes. */
  readonly etag: string;
  readonly storageClass?: string;
}

export interface SourceBucket {
  readonly name: string;
  readonly createdAtMs: number;
}

/** How a bucket is set up, as far as the keys may see it. */
export interface BucketSettings {
  readonly versioning: 'enabled' | 'suspended' | 'off' | Unread;
  readonly encryption: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'other' | 'none' | Unread;
  readonly objectLock: 'enabled' | 'off' | Unread;
  /** Of a bucket with object lock; null: none, or not known. */
  readonly defaultRetention: DefaultRetention | null;
  readonly tagging: 'tagged' | 'none' | Unread;
  readonly tagNames: readonly string[];
}

export interface DefaultRetention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly unit: 'days' | 'years';
  readonly count: number;
}

export const NO_SETTINGS: BucketSettings = {
  versioning: 'unknown',
  encryption: 'unknown',
  objectLock: 'unknown',
  defaultRetention: null,
  tagging: 'unknown',
  tagNames: [],
};

/** Objects and their bytes. */
export interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** A file as a snapshot keeps it. */
export interface SnapshotFile {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  readonly storageClass: string;
  /** Null when it has none of the known forms, or none was wanted. */
  readonly etag: string | null;
}

/** A bucket as a snapshot keeps it. Sums are over what was listed, which is all of it unless `truncated`. */
export interface SnapshotBucket extends Amount, BucketSettings {
  readonly name: string;
  readonly createdAtMs: number | null;
  readonly trouble: SourceTrouble | null;
  /** There is more than was looked at. */
  readonly truncated: boolean;
  /** Files whose names are kept. */
  readonly files: number;
  /** Objects that count in the sums, but whose names cannot be kept: too long, or with a credential in them. */
  readonly withheld: number;
  readonly storageClasses: readonly (Amount & { readonly name: string })[];
  readonly newestAtMs: number | null;
  readonly oldestAtMs: number | null;
  readonly largest: readonly Pick<SnapshotFile, 'key' | 'bytes'>[];
  /** By size: each up to so many bytes and larger than the one before; null: any size. */
  readonly sizes: readonly (Amount & { readonly upToBytes: number | null })[];
  /** By the first folder below what was asked for; '' are keys without one. Those with the most bytes. */
  readonly prefixes: readonly (Amount & { readonly prefix: string })[];
  /** Whatever is in no prefix that is named. */
  readonly otherPrefixes: Amount;
}

/** Where a snapshot was taken. No credentials, nothing that opens anything. */
export interface SnapshotSource {
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly region: string;
  readonly addressing: 'path' | 'virtual';
  readonly provider: string | null;
  readonly zone: string | null;
  readonly prefix: string;
}

export interface SnapshotSummary extends Amount {
  readonly source: SnapshotSource;
  readonly buckets: number;
  /** Buckets that the keys may list, or that were named. */
  readonly bucketsFound: number;
  readonly files: number;
  /** What cut the snapshot short, if anything did. */
  readonly truncated: {
    readonly buckets: boolean;
    readonly files: boolean;
    readonly time: boolean;
  };
  readonly tookMs: number;
}

/** The most that one snapshot holds. */
export interface SnapshotCaps {
  readonly buckets: number;
  /** In all buckets together. */
  readonly files: number;
  readonly filesPerBucket: number;
}
