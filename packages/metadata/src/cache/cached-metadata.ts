import type { AccessKeyId, BlobId, BucketName, ObjectKey } from '@sealgate/core/names';
import type { Bucket, Credential, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import { createGuardedCache } from './guarded-cache.ts';

export interface CacheLimits {
  /** Memory for current versions, digest lists included. */
  readonly versionBytesMax: number;
  readonly bucketsMax: number;
  readonly credentialsMax: number;
}

export const defaultCacheLimits: CacheLimits = {
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
 * its entry out before the change's caller hears of it. Several processes use the metadata as it is.
 */
export function createCachedMetadata(metadata: Metadata, limits: CacheLimits = defaultCacheLimits): Metadata {
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
  );
  const buckets = createGuardedCache<string, Bucket>(new LRUCache({ max: limits.bucketsMax }));
  const credentials = createGuardedCache<AccessKeyId, Credential>(new LRUCache({ max: limits.credentialsMax }));
  const bucketId = (namespace: string, name: BucketName): string => `${namespace}/${name}`;
  const versionId = (bucket: number, key: ObjectKey): string => `${bucket}/${key}`;

  /** A change of one replica's row: the blob's version goes, and no load under way is kept (its key is unknown here). */
  const ofBlob = <T>(blob: BlobId, run: () => Promise<T>): Promise<T> => {
    const key = keyOfBlob.get(blob);
    versions.overtakeLoads();
    return key === undefined ? run().finally(() => versions.overtakeLoads()) : versions.change(key, run);
  };

  const ofBlobs = <T>(blobs: readonly { readonly blobId: BlobId }[], run: () => Promise<T>): Promise<T> =>
    blobs.reduce(
      (inner, { blobId }) =>
        () =>
          ofBlob(blobId, inner),
      run,
    )();

  return {
    ...metadata,
    credential: (id) => credentials.get(id, () => metadata.credential(id)),
    bucket: (namespace, name) => buckets.get(bucketId(namespace, name), () => metadata.bucket(namespace, name)),
    currentVersion: (bucket, key) => versions.get(versionId(bucket, key), () => metadata.currentVersion(bucket, key)),

    commitVersion: (v) => versions.change(versionId(v.bucketId, v.key), () => metadata.commitVersion(v)),
    commitUpload: (u) => versions.change(versionId(u.bucketId, u.key), () => metadata.commitUpload(u)),
    deleteObject: (d) => versions.change(versionId(d.bucketId, d.key), () => metadata.deleteObject(d)),
    updateVersion: (u) => versions.change(versionId(u.bucketId, u.key), () => metadata.updateVersion(u)),
    expireVersion: (v) => versions.change(versionId(v.bucketId, v.key), () => metadata.expireVersion(v)),
    replaceBlob: (b) => versions.change(versionId(b.bucketId, b.key), () => metadata.replaceBlob(b)),
    settleClass: (c) => versions.change(versionId(c.bucketId, c.key), () => metadata.settleClass(c)),
    reportBadReplica: (blob, ...rest) => ofBlob(blob, () => metadata.reportBadReplica(blob, ...rest)),
    markRestored: (restored) => ofBlobs(restored, () => metadata.markRestored(restored)),
    changeReplicas: (changes, actor) => ofBlobs(changes, () => metadata.changeReplicas(changes, actor)),
    finishRemovals: (gone) => ofBlobs(gone, () => metadata.finishRemovals(gone)),
    markReplica: (blob, replica) => ofBlob(blob, () => metadata.markReplica(blob, replica)),

    markLeased: (worker, lease, replica) => ofBlob(lease.blobId, () => metadata.markLeased(worker, lease, replica)),
    createJob: (job, actor) => versions.change(versionId(job.bucketId, job.key), () => metadata.createJob(job, actor)),
    cancelJob: (id, actor) => versions.changeAll(() => metadata.cancelJob(id, actor)),
    retryJob: (...args) => versions.changeAll(() => metadata.retryJob(...args)),

    createBucket: (b, actor) => buckets.changeAll(() => metadata.createBucket(b, actor)),
    updateBucket: (...args) => buckets.changeAll(() => metadata.updateBucket(...args)),
    deleteBucket: (id, actor) => buckets.changeAll(() => versions.changeAll(() => metadata.deleteBucket(id, actor))),

    updateTenant: (...args) => credentials.changeAll(() => buckets.changeAll(() => metadata.updateTenant(...args))),
    createCredential: (c, actor) => credentials.change(c.accessKeyId, () => metadata.createCredential(c, actor)),
    // What becomes of a credential or a role becomes of the sessions that were made from it.
    setCredentialState: (...args) => credentials.changeAll(() => metadata.setCredentialState(...args)),
    setCredentialPolicy: (...args) => credentials.changeAll(() => metadata.setCredentialPolicy(...args)),
    deleteCredential: (...args) => credentials.changeAll(() => metadata.deleteCredential(...args)),
    putRole: (...args) => credentials.changeAll(() => metadata.putRole(...args)),
    deleteRole: (...args) => credentials.changeAll(() => metadata.deleteRole(...args)),
    createSession: (s, actor) => credentials.change(s.accessKeyId, () => metadata.createSession(s, actor)),
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
