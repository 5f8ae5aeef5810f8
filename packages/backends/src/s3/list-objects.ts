import type { ListBlobsOptions, ListBlobsPage } from '@sealgate/core/ports';
import { parseListBucketResult } from '@sealgate/s3';
import type { S3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import { backendFault } from './faults.ts';

/** One page. A backend that lists out of order, or what was not asked for, is refused: a sweep would skip blobs. */
export async function listObjects(calls: S3Calls, bucket: string, options: ListBlobsOptions): Promise<ListBlobsPage> {
  const { prefix = '', after = '', signal } = options;
  // The first listing of S3 has always begun behind a key; some servers never learnt it of the second.
  const older = calls.target.capabilities?.listAfter === false;
  const answer = await calls.fetch({
    method: 'GET',
    bucket,
    query: [
      ...(older ? [] : ([['list-type', '2']] as const)),
      ['encoding-type', 'url'],
      ['max-keys', String(Math.min(options.limit, calls.limits.listKeysMax))],
      ...(prefix === '' ? [] : ([['prefix', prefix]] as const)),
      ...(after === '' ? [] : ([[older ? 'marker' : 'start-after', after]] as const)),
    ],
    accept: [404],
    signal,
    idempotent: true,
  });
  if (answer.status === 404) return { blobs: [], truncated: false };
  const { objects, truncated } = readAnswer(() => parseListBucketResult(answer.body));
  let last = after;
  for (const { key } of objects) {
    if (key <= last || !key.startsWith(prefix)) throw backendFault('BackendRefused', new Error('Listed out of order.'));
    last = key;
  }
  const blobs = objects.map(({ key, bytes, modifiedAtMs }) => ({ key, bytes, modifiedAtMs }));
  return { blobs, truncated };
}
