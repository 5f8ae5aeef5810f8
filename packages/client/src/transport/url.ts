import { Fault } from '@sealgate/core/faults';
import type { BucketName, ObjectKey } from '@sealgate/core/names/objects';
import { uriEncode } from '@sealgate/s3/browser';

/** What a request addresses: the service, a bucket, or an object. */
export interface Target {
  readonly bucket?: BucketName;
  readonly key?: ObjectKey;
}

/**
 * The path-style URL of a request.
 * @param endpoint scheme and authority, perhaps with a path that all requests begin with
 * @throws Fault InvalidURI for a key with a `.` or `..` between slashes: URL parsers resolve those, percent-encoded too,
 * and the request would reach another object.
 */
export function requestUrl(endpoint: URL, target: Target, query: Readonly<Record<string, string>> = {}): URL {
  const segments = target.key?.split('/') ?? [];
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new Fault('InvalidURI', 'A key with "." or ".." between slashes cannot be sent in a URL. Use another name.');
  }
  const path = [target.bucket, ...segments.map(uriEncode)].filter((part) => part !== undefined).join('/');
  const search = Object.entries(query)
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .join('&');
  return new URL(`${endpoint.href.replace(/\/+$/, '')}/${path}${search === '' ? '' : `?${search}`}`);
}

/** @throws Fault InvalidURI */
export function parseEndpoint(text: string): URL {
  if (!URL.canParse(text)) throw new Fault('InvalidURI', `The endpoint is not a URL: ${text}`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Fault('InvalidURI', 'The endpoint must start with http:// or https://.');
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Fault('InvalidURI', 'The endpoint must have no user name, query or fragment.');
  }
  return url;
}
