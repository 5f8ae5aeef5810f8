import type { Discretion, SnapshotCaps } from '@sealgate/core/discovery';
import type { StorageSource } from '@sealgate/core/ports';

export interface TakeSnapshot {
  readonly source: Pick<StorageSource, 'listBuckets' | 'list' | 'settings'>;
  /** What is looked at; undefined: every bucket that the keys may list. */
  readonly buckets: readonly string[] | undefined;
  /** Of keys, in every bucket. */
  readonly prefix: string;
  /** Whether files keep their ETags. */
  readonly etags: boolean;
  readonly caps: SnapshotCaps;
  readonly discretion: Discretion;
  /** Gives it all up, with its reason. */
  readonly signal: AbortSignal;
  /** Ends the look; what was seen until then counts. */
  readonly deadline: AbortSignal;
}
