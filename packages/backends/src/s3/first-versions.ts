import type { BackendDriver, ListBlobsOptions, ListBlobsPage } from '@sealgate/core/ports';
import { parseListVersionsResult } from '@sealgate/s3';
import { checkAddress, checkBucket } from '../shared/address.ts';
import { createS3Calls, type S3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import { remoteStatus } from './faults.ts';
import { getObject } from './get-object.ts';
import { retentionOf } from './retain-object.ts';
import { createS3Driver } from './s3-driver.ts';
import type { S3Target } from './target.ts';

/** Pages of versions below one prefix. */
const PAGES_MAX = 10_000;

/**
 * Reads what was put first under each key, whatever lies over it: a marker or another version hides what is locked, and cannot
 * remove it. For keys that are written once. A server that lists no versions is read as it is.
 * @param onCovered called for each key that something lies over
 */
export function createFirstVersionsDriver(target: S3Target, onCovered: (key: string) => void): BackendDriver {
  const driver = createS3Driver(target);
  const calls = createS3Calls(target);
  /** Version ids by bucket and key, of those that are not the newest. */
  const covered = new Map<string, string>();
  const placeOf = (bucket: string, key: string) => {
    const versionId = covered.get(`${bucket}/${key}`);
    return versionId === undefined ? undefined : { bucket, key, query: [['versionId', versionId]] as const };
  };
  return {
    ...driver,
    async list(bucket, options) {
      checkBucket(bucket);
      const firsts = await firstVersions(calls, bucket, options);
      if (firsts === undefined) return await driver.list(bucket, options);
      for (const [key, { versionId, hidden }] of firsts) {
        if (!hidden || covered.has(`${bucket}/${key}`)) continue;
        covered.set(`${bucket}/${key}`, versionId);
        onCovered(key);
      }
      return pageOf([...firsts.keys()].sort(), options);
    },
    async get(bucket, key, options) {
      checkAddress(bucket, key);
      const place = placeOf(bucket, key);
      return place === undefined ? await driver.get(bucket, key, options) : await getObject(calls, place, options);
    },
    async retention(bucket, key, { signal }) {
      checkAddress(bucket, key);
      const versionId = covered.get(`${bucket}/${key}`);
      return await retentionOf(calls, { bucket, key, signal, ...(versionId === undefined ? {} : { versionId }) });
    },
    async close() {
      await Promise.all([driver.close(), calls.close()]);
    },
  };
}

interface First {
  readonly versionId: string;
  readonly hidden: boolean;
}

/** All keys below the prefix that ever had content; undefined: the server knows no versions. */
async function firstVersions(
  calls: S3Calls,
  bucket: string,
  { prefix = '', signal }: Pick<ListBlobsOptions, 'prefix' | 'signal'>,
): Promise<ReadonlyMap<string, First> | undefined> {
  const found = new Map<string, First>();
  const seen = new Set<string>();
  let markers: readonly (readonly [string, string])[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await calls
      .fetch({
        method: 'GET',
        bucket,
        query: [['versions', null], ['prefix', prefix], ['encoding-type', 'url'], ...markers],
        signal,
        idempotent: true,
      })
      .catch((error: unknown) => {
        const status = remoteStatus(error);
        if (status === 404 || status === 400 || status === 405 || status === 501) return undefined;
        throw error;
      });
    if (answer === undefined) return undefined;
    const listing = readAnswer(() => parseListVersionsResult(answer.body));
    // Of each key the newest comes first.
    for (const { key, versionId, deleteMarker } of listing.versions) {
      if (!deleteMarker) found.set(key, { versionId, hidden: seen.has(key) });
      seen.add(key);
    }
    const { truncated, nextKeyMarker, nextVersionIdMarker } = listing;
    if (!truncated || nextKeyMarker === undefined) return found;
    markers = [
      ['key-marker', nextKeyMarker],
      ...(nextVersionIdMarker === undefined ? [] : [['version-id-marker', nextVersionIdMarker] as const]),
    ];
  }
  return found;
}

function pageOf(keys: readonly string[], { after = '', limit }: ListBlobsOptions): ListBlobsPage {
  const left = keys.filter((key) => key > after);
  const blobs = left.slice(0, limit).map((key) => ({ key, bytes: 0, modifiedAtMs: 0 }));
  return { blobs, truncated: left.length > limit };
}
