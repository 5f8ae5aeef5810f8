import { Fault } from '@sealgate/core/faults';
import type { StoredHeaders } from '@sealgate/core/ports';
import type { S3Context } from './context.ts';

/** `response-*` parameters of a GET and the headers they replace. */
const OVERRIDES = [
  ['response-content-type', 'content-type'],
  ['response-content-language', 'content-language'],
  ['response-expires', 'expires'],
  ['response-cache-control', 'cache-control'],
  ['response-content-disposition', 'content-disposition'],
  ['response-content-encoding', 'content-encoding'],
] as const;

const DEFAULT_TYPE = 'binary/octet-stream';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** @throws Fault InvalidArgument for a value that cannot be a header */
export function responseOverrides(context: S3Context): ReadonlyMap<string, string> {
  const overrides = new Map<string, string>();
  for (const [parameter, header] of OVERRIDES) {
    const value = context.query.get(parameter);
    if (value === undefined) continue;
    if (CONTROL.test(value)) {
      throw new Fault('InvalidArgument', 'The value cannot be a header.', { detail: { ArgumentName: parameter } });
    }
    // Headers travel as bytes; node writes one character a byte.
    overrides.set(header, Buffer.from(value, 'utf8').toString('latin1'));
  }
  return overrides;
}

/** The headers that a client stored, with the overrides of this request. */
export function responseHeaders(
  stored: StoredHeaders,
  overrides: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>([['content-type', stored.contentType ?? DEFAULT_TYPE]]);
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) headers.set(name, value);
  };
  set('content-encoding', stored.contentEncoding);
  set('content-disposition', stored.contentDisposition);
  set('content-language', stored.contentLanguage);
  set('cache-control', stored.cacheControl);
  set('expires', stored.expires);
  set('x-amz-website-redirect-location', stored.websiteRedirectLocation);
  for (const [name, value] of Object.entries(stored.user ?? {})) headers.set(`x-amz-meta-${name}`, value);
  for (const [name, value] of overrides) headers.set(name, value);
  return headers;
}
