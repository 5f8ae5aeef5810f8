import type { BucketSettings, SourceBucket, SourceObject, SourceTrouble } from '../discovery/index.ts';
import type { CallOptions } from './backend-driver.ts';

/** What a source answered, or why it did not. Nothing that it said in words comes through. */
export type SourceAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly trouble: SourceTrouble };

/** Where a listing goes on; opaque to its reader. */
export type SourcePlace =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'marker'; readonly marker: string };

export interface SourcePage {
  readonly objects: readonly SourceObject[];
  /** Undefined at the end. */
  readonly next: SourcePlace | undefined;
}

/**
 * Somebody else's S3 storage that is looked at and never written to. Every call ends within a bounded time. Calls
 * reject only with the reason of their signal.
 */
export interface StorageSource {
  listBuckets(options: CallOptions): Promise<SourceAnswer<readonly SourceBucket[]>>;
  /** One page, in whatever order the source has: at most `limit` objects, or a few more from a server that does not count. */
  list(
    bucket: string,
    options: CallOptions & {
      readonly prefix: string;
      readonly from: SourcePlace | undefined;
      readonly limit: number;
    },
  ): Promise<SourceAnswer<SourcePage>>;
  /** Whatever of a bucket's settings can be read; each one that cannot says why. */
  settings(bucket: string, options: CallOptions): Promise<BucketSettings>;
  close(): Promise<void>;
}
