import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { Fault } from '@sealgate/core/faults';
import type { BackendCapabilities, Clock } from '@sealgate/core/ports';
import { uriEncode, uriEncodePath } from '@sealgate/s3';
import type { S3DriverLimits } from '../limits.ts';

/**
 * In place of `dns.lookup` for every connection, literal addresses included: it may refuse an address by failing. That
 * is the only place where a name that points elsewhere a second later can still be caught.
 */
export type GuardedLookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

export interface S3Target {
  /** `https://host[:port]`, without a path. */
  readonly endpoint: string;
  /** The string that requests are signed for. */
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `path`: `host/bucket/key`; `virtual`: `bucket.host/key`. */
  readonly addressing: 'path' | 'virtual';
  /** What a probe found. Decides how large bodies prove that they arrived; what is unknown is not relied on. */
  readonly capabilities?: BackendCapabilities;
  readonly clock?: Clock;
  readonly lookup?: GuardedLookup;
  /** `refuse`: what a redirect leads to is not asked, wherever it is. Default: see {@link redirectBase}. */
  readonly redirects?: 'refuse';
  /** Trusted certificate authorities in PEM, in place of the built-in ones. */
  readonly ca?: string | readonly string[];
  readonly limits?: Partial<S3DriverLimits>;
  /** 0 <= x < 1; spreads retries in time. */
  readonly random?: () => number;
}

/** Where one request goes. */
export interface Address {
  readonly origin: string;
  readonly host: string;
  readonly rawPath: string;
  readonly rawQuery: string;
}

export interface Resource {
  readonly bucket?: string;
  readonly key?: string;
  /** Sorted as given; a null value is a bare name like `versions`. */
  readonly query?: readonly (readonly [name: string, value: string | null])[];
}

/** @throws Fault EndpointRefused when the endpoint is not the plain URL of a server */
export function parseEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  const web = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !web || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Fault('EndpointRefused', 'The endpoint of an S3 backend is http(s)://host[:port] and nothing more.');
  }
  return url;
}

/** @param base the endpoint, or the host that a redirect named for this bucket */
export function addressOf(base: URL, addressing: 'path' | 'virtual', resource: Resource): Address {
  const { bucket, key, query = [] } = resource;
  const virtual = addressing === 'virtual' && bucket !== undefined && !isAddress(base.hostname);
  const origin = virtual ? `${base.protocol}//${bucket}.${base.host}` : base.origin;
  const path = [virtual ? undefined : bucket, key === undefined ? undefined : uriEncodePath(key)];
  const named = path.filter((part) => part !== undefined).join('/');
  return {
    origin,
    host: virtual ? `${bucket}.${base.host}` : base.host,
    rawPath: `/${named}`,
    rawQuery: query.map(([name, value]) => `${uriEncode(name)}=${value === null ? '' : uriEncode(value)}`).join('&'),
  };
}

/** Literal addresses have no subdomains. */
function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

const AWS = '.amazonaws.com';

/**
 * The base to use for a bucket after a redirect, or undefined when it leads to somebody else: only the same server, one
 * of its subdomains, or another regional endpoint of AWS is followed, never to another port or from https to http.
 */
export function redirectBase(from: URL, location: string, bucket: string | undefined): URL | undefined {
  const to = URL.parse(location, from);
  if (!to || to.protocol !== from.protocol || to.port !== from.port || to.username !== '') return undefined;
  const host =
    bucket !== undefined && to.hostname.startsWith(`${bucket}.`) ? to.hostname.slice(bucket.length + 1) : to.hostname;
  const same = host === from.hostname || host.endsWith(`.${from.hostname}`);
  const aws = host.endsWith(AWS) && from.hostname.endsWith(AWS);
  if ((!same && !aws) || isAddress(from.hostname) !== isAddress(host)) return undefined;
  return new URL(`${from.protocol}//${host}${to.port === '' ? '' : `:${to.port}`}`);
}
