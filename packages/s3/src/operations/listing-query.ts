import { Fault } from '@sealgate/core/faults';
import { LIST_KEYS_MAX, PARTS_MAX } from '@sealgate/core/limits';
import { PAGE_ARGUMENT_MAX } from '../limits.ts';
import type { Query } from '../query.ts';
import type { EncodingType } from '../xml/shared.ts';

/** The queries of the listings, checked. Texts are decoded and empty when absent. */

interface PagedQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly encodingType: EncodingType;
  /** As the answer repeats it: what was asked, but no more than a page holds. */
  readonly maxKeys: number;
}

export interface ListObjectsQuery extends PagedQuery {
  readonly marker: string;
}

export interface ListObjectsV2Query extends PagedQuery {
  readonly startAfter: string;
  /** Opaque; undefined when absent. An empty one begins at the start and is repeated in the answer. */
  readonly continuationToken: string | undefined;
  readonly fetchOwner: boolean;
}

export interface ListVersionsQuery extends PagedQuery {
  readonly keyMarker: string;
  readonly versionIdMarker: string;
}

export interface ListUploadsQuery extends Omit<PagedQuery, 'maxKeys'> {
  readonly keyMarker: string;
  readonly uploadIdMarker: string;
  readonly maxUploads: number;
}

export interface ListPartsQuery {
  readonly uploadId: string;
  readonly partNumberMarker: number;
  readonly maxParts: number;
}

export interface ListBucketsQuery {
  readonly prefix: string;
  readonly continuationToken: string | undefined;
  /** Undefined: all of them. */
  readonly maxBuckets: number | undefined;
  readonly region: string | undefined;
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: name, ArgumentValue: value } });
}

/** AWS names the argument in its message the way its code does: `max-keys` is `maxKeys`. */
const camelCase = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function pageArgument(query: Query, name: string, pageMax: number, fallback = pageMax): number {
  const text = query.get(name);
  if (text === undefined || text === '') return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value > PAGE_ARGUMENT_MAX) {
    const problem = /^-?\d+$/.test(text)
      ? `Argument ${camelCase(name)} must be an integer between 0 and ${PAGE_ARGUMENT_MAX}`
      : `Provided ${name} not an integer or within integer range`;
    throw invalid(name, text, problem);
  }
  return Math.min(value, pageMax);
}

function encodingType(query: Query): EncodingType {
  const text = query.get('encoding-type');
  if (text === undefined || text === '') return undefined;
  if (text.toLowerCase() === 'url') return 'url';
  throw invalid('encoding-type', text, 'Invalid Encoding Method specified in Request');
}

function paged(query: Query): PagedQuery {
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    encodingType: encodingType(query),
    maxKeys: pageArgument(query, 'max-keys', LIST_KEYS_MAX),
  };
}

/** @throws Fault InvalidArgument, also for another `list-type` than 2 and for parameters of version 2, which would be overlooked */
export function parseListObjectsQuery(query: Query): ListObjectsQuery {
  const type = query.get('list-type') ?? '';
  if (type !== '') throw invalid('list-type', type, 'Invalid List Type specified in Request');
  for (const [name, shown] of OF_VERSION_2) {
    const value = query.get(name);
    if (value === undefined) continue;
    throw invalid(name, value, `${shown} only supported in REST.GET.BUCKET with list-type=2`);
  }
  return { ...paged(query), marker: query.get('marker') ?? '' };
}

/** What only version 2 reads, with the name that AWS gives it in its message. */
const OF_VERSION_2 = [
  ['continuation-token', 'continuation-token'],
  ['start-after', 'startAfter'],
] as const;

/** @throws Fault InvalidArgument, also for the marker of version 1 */
export function parseListObjectsV2Query(query: Query): ListObjectsV2Query {
  const marker = query.get('marker');
  if (marker !== undefined) throw invalid('marker', marker, 'Marker unsupported with REST.GET.BUCKET in list-type=2');
  return {
    ...paged(query),
    startAfter: query.get('start-after') ?? '',
    continuationToken: query.get('continuation-token'),
    fetchOwner: query.get('fetch-owner')?.toLowerCase() === 'true',
  };
}

/** @throws Fault InvalidArgument */
export function parseListVersionsQuery(query: Query): ListVersionsQuery {
  const keyMarker = query.get('key-marker') ?? '';
  const versionIdMarker = query.get('version-id-marker') ?? '';
  if (versionIdMarker !== '' && keyMarker === '') {
    throw invalid(
      'version-id-marker',
      versionIdMarker,
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  return { ...paged(query), keyMarker, versionIdMarker };
}

/** @throws Fault InvalidArgument */
export function parseListUploadsQuery(query: Query): ListUploadsQuery {
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    encodingType: encodingType(query),
    keyMarker: query.get('key-marker') ?? '',
    // AWS: without a key marker the upload id marker is ignored.
    uploadIdMarker: query.get('key-marker') ? (query.get('upload-id-marker') ?? '') : '',
    maxUploads: pageArgument(query, 'max-uploads', LIST_KEYS_MAX),
  };
}

/** @throws Fault InvalidArgument */
export function parseListPartsQuery(query: Query): ListPartsQuery {
  return {
    uploadId: query.get('uploadId') ?? '',
    partNumberMarker: pageArgument(query, 'part-number-marker', PAGE_ARGUMENT_MAX, 0),
    maxParts: pageArgument(query, 'max-parts', LIST_KEYS_MAX),
  };
}

/** @throws Fault InvalidArgument */
export function parseListBucketsQuery(query: Query): ListBucketsQuery {
  const text = query.get('max-buckets');
  const maxBuckets = text === undefined ? undefined : Number(text);
  if (text !== undefined && !(/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= BUCKETS_PAGE_MAX)) {
    throw invalid('max-buckets', text, `Argument max-buckets must be an integer between 1 and ${BUCKETS_PAGE_MAX}`);
  }
  return {
    prefix: query.get('prefix') ?? '',
    continuationToken: query.get('continuation-token'),
    maxBuckets,
    region: query.get('bucket-region'),
  };
}

/** AWS: ListBuckets, buckets a page. */
const BUCKETS_PAGE_MAX = 10_000;

/** The number of a part in a query. @throws Fault InvalidArgument when it is not 1 to 10 000. */
export function parsePartNumber(query: Query): number {
  const text = query.get('partNumber') ?? '';
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1 || partNumber > PARTS_MAX) {
    throw invalid('partNumber', text, `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`);
  }
  return partNumber;
}
