import type { Discretion, SourceBucket, SourceObject } from '@sealgate/core/discovery';
import { NO_SETTINGS } from '@sealgate/core/discovery';
import type { SourceAnswer, SourcePage, SourcePlace, StorageSource } from '@sealgate/core/ports';
import { parseListBucketsResult, type RemoteListing, type RemoteObject } from '@sealgate/s3';
import { type SourceLimits, sourceLimits } from '../../limits.ts';
import { createS3Calls, type S3Calls } from '../calls.ts';
import { readAnswer } from '../delete-object.ts';
import { backendFault } from '../faults.ts';
import { fetchListing } from '../list-objects.ts';
import type { S3Target } from '../target.ts';
import { readSettings } from './settings.ts';
import { troubleOf } from './trouble.ts';

/**
 * Names that old servers allow, too: capitals, underscores, 255 characters. What has anything else in it could change
 * the request that it becomes a part of.
 */
const BUCKET = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/;
/** A label of a host name. */
const HOST_PART = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/**
 * Somebody else's S3 storage, to be looked at once. Redirects are refused, tries are few, and every call has an end by
 * the clock, however slowly its bytes drip.
 *
 * @param discretion decides what of the source's words may be kept
 * @throws Fault EndpointRefused when the endpoint is no plain http(s) URL
 */
export function createS3Source(
  target: Omit<S3Target, 'limits' | 'redirects'> & { readonly limits?: Partial<SourceLimits> },
  discretion: Pick<Discretion, 'tagName'>,
): StorageSource {
  const { callMs, allAnswersBytesMax, ...bounds } = { ...sourceLimits, ...target.limits };
  const calls = bounded(createS3Calls({ ...target, limits: bounds, redirects: 'refuse' }), allAnswersBytesMax);
  const addressable = (bucket: string): boolean =>
    BUCKET.test(bucket) && !bucket.includes('..') && (target.addressing === 'path' || HOST_PART.test(bucket));

  const answer = async <T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<SourceAnswer<T>> => {
    const late = AbortSignal.timeout(callMs);
    try {
      return { ok: true, value: await ask(AbortSignal.any([signal, late])) };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, trouble: late.aborted ? 'timeout' : troubleOf(error) };
    }
  };

  return {
    listBuckets: ({ signal }) => answer(signal, (within) => listBuckets(calls, within)),

    async list(bucket, { signal, ...page }) {
      if (!addressable(bucket)) return { ok: false, trouble: 'invalid-answer' };
      return await answer(signal, (within) => listPage(calls, bucket, { ...page, signal: within }));
    },

    async settings(bucket, { signal }) {
      if (!addressable(bucket)) return NO_SETTINGS;
      const read = await answer(signal, (within) => readSettings(calls, { bucket, signal: within }, discretion));
      return read.ok ? read.value : NO_SETTINGS;
    },

    close: () => calls.close(),
  };
}

/** Calls that fail once all their answers together were longer than that. */
function bounded(calls: S3Calls, bytesMax: number): S3Calls {
  let left = bytesMax;
  return {
    ...calls,
    async fetch(call) {
      const answer = left < 0 ? undefined : await calls.fetch(call);
      left -= answer?.body.length ?? 0;
      if (answer !== undefined && left >= 0) return answer;
      throw backendFault('BackendRefused', new Error('The answers are too long, all together.'));
    },
  };
}

async function listBuckets(calls: S3Calls, signal: AbortSignal): Promise<readonly SourceBucket[]> {
  const { body } = await calls.fetch({ method: 'GET', signal, idempotent: true });
  return readAnswer(() => parseListBucketsResult(body)).map(({ name, createdAtMs }) => ({
    name: own(name),
    createdAtMs,
  }));
}

async function listPage(
  calls: S3Calls,
  bucket: string,
  page: {
    readonly prefix: string;
    readonly from: SourcePlace | undefined;
    readonly limit: number;
    readonly signal: AbortSignal;
  },
): Promise<SourcePage> {
  const { from, ...rest } = page;
  const listing = await fetchListing(calls, bucket, {
    ...rest,
    older: from?.kind === 'marker',
    begin:
      from === undefined ? [] : [from.kind === 'token' ? ['continuation-token', from.token] : ['marker', from.marker]],
  });
  return { objects: listing.objects.map(ownObject), next: placeBehind(listing) };
}

/**
 * Where the next page begins. A server that knows only the first listing takes a request for the second one for that,
 * and says no token: then the first listing's way on is right.
 */
function placeBehind({
  truncated,
  nextContinuationToken,
  nextMarker,
  objects,
}: RemoteListing): SourcePlace | undefined {
  if (!truncated) return undefined;
  if (nextContinuationToken !== undefined) return { kind: 'token', token: own(nextContinuationToken) };
  const marker = nextMarker ?? objects.at(-1)?.key;
  if (marker === undefined) throw backendFault('BackendRefused', new Error('The listing goes on nowhere.'));
  return { kind: 'marker', marker: own(marker) };
}

function ownObject({ key, etag, storageClass, bytes, modifiedAtMs }: RemoteObject): SourceObject {
  const object = { key: own(key), etag: own(etag), bytes, modifiedAtMs };
  return storageClass === undefined ? object : { ...object, storageClass: own(storageClass) };
}

/** A copy. Text cut out of a document keeps all of the document in memory, and a source decides how long that is. */
function own(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
