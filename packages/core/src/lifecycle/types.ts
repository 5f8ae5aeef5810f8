/**
 * The lifecycle of a bucket's objects as its owner wrote it down, parsed.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
 */
export interface LifecycleConfiguration {
  readonly rules: readonly LifecycleRule[];
  readonly transitionMinimum: TransitionMinimum;
}

/**
 * Which small objects stay where they are when no size is in the rule's filter. `all_storage_classes_128K`: those below
 * 128 KiB. `varies_by_storage_class`: none, because no redundancy class has a smallest size.
 */
export type TransitionMinimum = 'all_storage_classes_128K' | 'varies_by_storage_class';

export interface LifecycleRule {
  /** Unique within the configuration. */
  readonly id: string;
  readonly enabled: boolean;
  /** The prefix was written beside the actions, as before 2016, and is shown there again. */
  readonly legacyPrefix: boolean;
  readonly filter: LifecycleFilter;
  readonly expiration: Expiration | null;
  readonly noncurrentExpiration: NoncurrentWait | null;
  readonly transitions: readonly Transition[];
  readonly noncurrentTransitions: readonly NoncurrentTransition[];
  /** Days after which an upload that was not completed is aborted. */
  readonly abortUploadDays: number | null;
}

/** Holds for a version when all of it holds. */
export interface LifecycleFilter {
  /** null: not said, which means any key as the empty one does. */
  readonly prefix: string | null;
  readonly tags: readonly LifecycleTag[];
  /** Bytes, exclusive. */
  readonly sizeGreaterThan: number | null;
  readonly sizeLessThan: number | null;
}

export interface LifecycleTag {
  readonly key: string;
  readonly value: string;
}

/** Whole days since the version was made, or a midnight UTC. */
export type LifecycleTime =
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'date'; readonly atMs: number };

/** `marker`: a delete marker with nothing beneath goes; with `remove` false nothing happens. */
export type Expiration = LifecycleTime | { readonly kind: 'marker'; readonly remove: boolean };

export interface Transition {
  readonly when: LifecycleTime;
  /** The name of a redundancy class, or S3's `STANDARD` for the default one. */
  readonly storageClass: string;
}

/** Days since a newer version came, and how many noncurrent versions newer than it there must be besides. */
export interface NoncurrentWait {
  readonly days: number;
  readonly newerVersions: number | null;
}

export interface NoncurrentTransition extends NoncurrentWait {
  readonly storageClass: string;
}
