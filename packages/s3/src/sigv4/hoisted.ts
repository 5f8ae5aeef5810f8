import type { Query } from '../query.ts';
import type { RequestHeaders } from '../request.ts';

/** Parameters that are the signature itself. */
const SIGNATURE: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
/**
 * SDKs put the checksum of an empty body into URLs that they presign, because they do not know the body; S3 ignores it
 * there.
 */
const IGNORED = /^x-amz-(?:checksum-|sdk-checksum-algorithm$)/;
/** What a header value may have, as decoded text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/**
 * The headers of a presigned request with those that its URL carries: SDKs move `x-amz-acl`, `x-amz-meta-*` and others of
 * an upload into the query, so that who uses the URL need not send them. They are signed like everything else of it. A
 * header that was sent wins.
 */
export function withHoistedHeaders(headers: RequestHeaders, query: Query): RequestHeaders {
  const hoisted: [string, string][] = [];
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase();
    if (!name.startsWith('x-amz-') || SIGNATURE.has(name) || IGNORED.test(name) || headers[name] !== undefined)
      continue;
    if (HEADER_NAME.test(name) && !UNSAFE.test(value))
      hoisted.push([name, Buffer.from(value, 'utf8').toString('latin1')]);
  }
  return hoisted.length === 0 ? headers : { ...headers, ...Object.fromEntries(hoisted) };
}
