import type { AccessKeyId, BlobId, BucketName, ObjectKey } from '@sealgate/core/names';
import type { Bucket, Clock, Credential, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import { type Touched, withChanges } from './effects.ts';
import { createGuardedCache } from './guarded-cache.ts';

interface CacheLimits {
  /** Memory for current versions, digest lists included. */
  readonly versionBytesMax: number;
  readonly bucketsMax: number;
  readonly credentialsMax: number;
}

const defaultCacheLimits: CacheLimits = {
  versionBytesMax: 32 * 1024 * 1024,
  bucketsMax: 10_000,
  credentialsMax: 10_000,
};

/** A cached version without its strings and digests; a generous guess. */
const VERSION_BYTES_BASE = 600;

/**
 * The metadata with its hot answers kept in this process: credentials, buckets and current versions.
 *
 * Only right while this process is the only one that changes them: every change goes through the same object and takes
 * its entry out before the change's caller hears of it. Several processes share a cache, or keep nothing.
 */
export function createCachedMetadata(
  metadata: Metadata,
  clock: Pick<Clock, 'schedule'>,
  limits: CacheLimits = defaultCacheLimits,
): Metadata {
  const keyOfBlob = new Map<BlobId, string>();
  const versions = createGuardedCache<string, ObjectVersion>(
    new LRUCache({
      maxSize: limits.versionBytesMax,
      sizeCalculation: versionBytes,
      onInsert: ({ blob }, key) => {
        if (blob !== null) keyOfBlob.set(blob.blobId, key);
      },
      dispose: ({ blob }) => {
        if (blob !== null) keyOfBlob.delete(blob.blobId);
      },
    }),
    clock,
  );
  const buckets = createGuardedCache<string, Bucket>(new LRUCache({ max: limits.bucketsMax }), clock);
  const credentials = createGuardedCache<AccessKeyId, Credential>(new LRUCache({ max: limits.credentialsMax }), clock);
  const bucketId = (namespace: string, name: BucketName): string => `${namespace}/${name}`;
  const versionId = (bucket: number, key: ObjectKey): string => `${bucket}/${key}`;

  /** A change of one replica's row: the blob's version goes, and no load under way is kept (its key is unknown here). */
  const ofBlob = <T>(blob: BlobId, run: () => Promise<T>): Promise<T> => {
    const key = keyOfBlob.get(blob);
    versions.overtakeLoads();
    return key === undefined ? run().finally(() => versions.overtakeLoads()) : versions.change(key, run);
  };
  const changeOne = <T>(touched: Touched, run: () => Promise<T>): Promise<T> => {
    switch (touched.kind) {
      case 'version':
        return versions.change(versionId(touched.bucketId, touched.key), run);
      case 'blob':
        return ofBlob(touched.blobId, run);
      case 'versions':
        return versions.changeAll(run);
      case 'buckets':
        return buckets.changeAll(run);
      case 'credentials':
        return credentials.changeAll(run);
    }
  };

  return {
    ...withChanges(metadata, (touched, run) => touched.reduce((inner, one) => () => changeOne(one, inner), run)()),
    credential: (id) => credentials.get(id, () => metadata.credential(id)),
    bucket: (namespace, name) => buckets.get(bucketId(namespace, name), () => metadata.bucket(namespace, name)),
    currentVersion: (bucket, key) => versions.get(versionId(bucket, key), () => metadata.currentVersion(bucket, key)),
  };
}

function versionBytes(version: ObjectVersion): number {
  return (
    VERSION_BYTES_BASE +
    2 * version.key.length +
    (version.blob?.digests?.length ?? 0) +
    JSON.stringify([version.headers, version.tags, version.attributes]).length
  );
}
