import type { ListBlobsOptions, ListBlobsPage } from '@sealgate/core/ports';
import { parseListBucketResult, type RemoteListing } from '@sealgate/s3';
import type { S3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import { backendFault, remoteStatus } from './faults.ts';

/** One page. A backend that lists out of order, or what was not asked for, is refused: a sweep would skip blobs. */
export async function listObjects(calls: S3Calls, bucket: string, options: ListBlobsOptions): Promise<ListBlobsPage> {
  const { prefix = '', after = '', signal } = options;
  // The first listing of S3 has always begun behind a key; some servers never learnt it of the second.
  const older = calls.target.capabilities?.listAfter === false;
  const begin = after === '' ? [] : ([[older ? 'marker' : 'start-after', after]] as const);
  const listing = await fetchListing(calls, bucket, { prefix, limit: options.limit, older, begin, signal }).catch(
    (error: unknown) => {
      if (remoteStatus(error) === 404) return undefined;
      throw error;
    },
  );
  if (listing === undefined) return { blobs: [], truncated: false };
  const { objects, truncated } = listing;
  let last = after;
  for (const { key } of objects) {
    if (key <= last || !key.startsWith(prefix)) throw backendFault('BackendRefused', new Error('Listed out of order.'));
    last = key;
  }
  const blobs = objects.map(({ key, bytes, modifiedAtMs }) => ({ key, bytes, modifiedAtMs }));
  return { blobs, truncated };
}

/**
 * One page as the server lists it.
 * @param options.older the first listing of S3, not the second
 * @param options.begin the parameter that says where, if it is not at the beginning
 */
export async function fetchListing(
  calls: S3Calls,
  bucket: string,
  options: {
    readonly prefix: string;
    readonly limit: number;
    readonly older: boolean;
    readonly begin: readonly (readonly [name: string, value: string])[];
    readonly signal: AbortSignal;
  },
): Promise<RemoteListing> {
  const { prefix, limit, older, begin, signal } = options;
  const { body } = await calls.fetch({
    method: 'GET',
    bucket,
    query: [
      ...(older ? [] : ([['list-type', '2']] as const)),
      ['encoding-type', 'url'],
      ['max-keys', String(Math.min(limit, calls.limits.listKeysMax))],
      ...(prefix === '' ? [] : ([['prefix', prefix]] as const)),
      ...begin,
    ],
    signal,
    idempotent: true,
  });
  return readAnswer(() => parseListBucketResult(body));
}
