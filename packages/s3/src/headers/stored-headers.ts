import { Fault } from '@sealgate/core/faults';
import { USER_METADATA_BYTES_MAX } from '@sealgate/core/limits';
import type { StoredHeaders } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '../request.ts';

const USER_PREFIX = 'x-amz-meta-';

/** Stored name, header name. */
const SYSTEM_HEADERS = [
  ['contentType', 'content-type'],
  ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'],
  ['cacheControl', 'cache-control'],
  ['expires', 'expires'],
  ['websiteRedirectLocation', 'x-amz-website-redirect-location'],
] as const satisfies readonly (readonly [keyof StoredHeaders, string])[];

/** S3's own default. */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

export interface StoredHeadersOptions {
  /** User metadata (named without the prefix) that the limit of 2 KiB does not count. */
  readonly uncounted?: (name: string) => boolean;
}

/**
 * The headers of a request that are kept with the object. Values are kept byte for byte (one character a byte), so that
 * a client gets back what it sent: raw UTF-8, or RFC 2047 words where the client encoded it so.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 * @throws Fault MetadataTooLarge
 */
export function parseStoredHeaders(headers: RequestHeaders, options: StoredHeadersOptions = {}): StoredHeaders {
  const stored: Record<string, string> = {};
  for (const [name, header] of SYSTEM_HEADERS) {
    const value = headerValue(headers, header);
    if (value !== undefined && value !== '') stored[name] = value;
  }
  const contentEncoding = withoutAwsChunked(headerValue(headers, 'content-encoding') ?? '');
  const user = userMetadata(headers, options);
  return {
    ...stored,
    ...(contentEncoding === '' ? {} : { contentEncoding }),
    ...(user === undefined ? {} : { user }),
  };
}

/** aws-chunked is how the body travelled, not what it is. */
export function withoutAwsChunked(contentEncoding: string): string {
  if (!/aws-chunked/i.test(contentEncoding)) return contentEncoding;
  const codings = contentEncoding.split(',').map((coding) => coding.trim());
  return codings.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked').join(',');
}

function userMetadata(headers: RequestHeaders, options: StoredHeadersOptions): Record<string, string> | undefined {
  const user: [string, string][] = [];
  let bytes = 0;
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(USER_PREFIX) || header.length === USER_PREFIX.length) continue;
    const name = header.slice(USER_PREFIX.length);
    const value = headerValue(headers, header) ?? '';
    if (options.uncounted?.(name) !== true) bytes += name.length + value.length;
    user.push([name, value]);
  }
  if (bytes > USER_METADATA_BYTES_MAX) {
    throw new Fault('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      detail: { Size: bytes, MaxSizeAllowed: USER_METADATA_BYTES_MAX },
    });
  }
  return user.length === 0 ? undefined : Object.fromEntries(user);
}

/** The headers of an answer that come from the stored ones. */
export function formatStoredHeaders(stored: StoredHeaders): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': DEFAULT_CONTENT_TYPE };
  for (const [name, header] of SYSTEM_HEADERS) {
    const value = stored[name];
    if (value !== undefined) headers[header] = value;
  }
  if (stored.contentEncoding !== undefined) headers['content-encoding'] = stored.contentEncoding;
  for (const [name, value] of Object.entries(stored.user ?? {})) headers[USER_PREFIX + name] = value;
  return headers;
}

/** `response-*` parameters of a read and the headers they replace. */
const OVERRIDES = [
  ['response-cache-control', 'cache-control'],
  ['response-content-disposition', 'content-disposition'],
  ['response-content-encoding', 'content-encoding'],
  ['response-content-language', 'content-language'],
  ['response-content-type', 'content-type'],
  ['response-expires', 'expires'],
] as const;

/** What a header value may not have: control characters but the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * Headers that the query of a read replaces, encoded for the wire.
 * @throws Fault InvalidArgument for a value that could end the header
 */
export function parseResponseOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const [parameter, header] of OVERRIDES) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    if (UNSAFE.test(value)) {
      throw new Fault('InvalidArgument', 'The value cannot be a header.', { detail: { ArgumentName: parameter } });
    }
    overrides[header] = Buffer.from(value, 'utf8').toString('latin1');
  }
  return overrides;
}
