import type { RequestHeaders } from '../request.ts';
import { canonicalPath, canonicalQuery, type QueryForm } from './encoding.ts';

/** Pure text, shared by the verifier, the Node signer and the browser signer. */

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
export const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
export const STREAMING_SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
export const STREAMING_UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
/** SHA-256 of nothing. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What a signature is for: `20130524/us-east-1/s3/aws4_request`. */
export interface CredentialScope {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export interface CanonicalParts {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: RequestHeaders;
  /** Lower case, in the order of the canonical request. */
  readonly signedHeaders: readonly string[];
  /** The value of `x-amz-content-sha256`, or what stands in its place. */
  readonly payloadHash: string;
}

export function formatScope(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Blanks around the value go, runs of spaces become one. Not `trim()`: that eats byte 0xA0, part of many UTF-8 letters. */
function canonicalHeaderValue(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  const trimmed = end - start === value.length ? value : value.slice(start, end);
  return trimmed.includes('  ') ? trimmed.replace(/ {2,}/g, ' ') : trimmed;
}

function canonicalHeaders(headers: RequestHeaders, signedHeaders: readonly string[]): string {
  let text = '';
  for (const name of signedHeaders) {
    const value = headers[name];
    const canonical =
      value === undefined || typeof value === 'string'
        ? canonicalHeaderValue(value ?? '')
        : value.map(canonicalHeaderValue).join(',');
    text += `${name}:${canonical}\n`;
  }
  return text;
}

/**
 * The canonical request. `literal` takes path and query exactly as they were sent: some clients sign what they send
 * instead of its canonical encoding, and both name the same resource.
 */
export function canonicalRequest(parts: CanonicalParts, form: QueryForm = 'canonical'): string {
  const path = form === 'canonical' ? canonicalPath(parts.rawPath) : parts.rawPath;
  const query = canonicalQuery(parts.rawQuery, form);
  const headers = canonicalHeaders(parts.headers, parts.signedHeaders);
  return `${parts.method}\n${path}\n${query}\n${headers}\n${parts.signedHeaders.join(';')}\n${parts.payloadHash}`;
}

/** `requestHash` is the SHA-256 of the canonical request in hex; `amzDate` is `YYYYMMDDTHHMMSSZ`. */
export function stringToSign(amzDate: string, scope: string, requestHash: string): string {
  return `${ALGORITHM}\n${amzDate}\n${scope}\n${requestHash}`;
}

/** What the signature of one chunk covers. */
export function chunkStringToSign(context: ChunkContext, previousSignature: string, chunkSha256: string): string {
  return `${ALGORITHM}-PAYLOAD\n${context.amzDate}\n${context.scope}\n${previousSignature}\n${EMPTY_SHA256}\n${chunkSha256}`;
}

/** What the signature of the trailer covers; `trailerSha256` is over its canonical lines (`name:value\n` each). */
export function trailerStringToSign(context: ChunkContext, previousSignature: string, trailerSha256: string): string {
  return `${ALGORITHM}-TRAILER\n${context.amzDate}\n${context.scope}\n${previousSignature}\n${trailerSha256}`;
}

export interface ChunkContext {
  readonly amzDate: string;
  readonly scope: string;
}

/** The newest answer of `formatAmzDate`: requests of one second all want the same. */
let formatted = { second: Number.NaN, text: '' };

/** `YYYYMMDDTHHMMSSZ` of a time in milliseconds since 1970. */
export function formatAmzDate(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== formatted.second) {
    const text = `${new Date(timeMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    formatted = { second, text };
  }
  return formatted.text;
}

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Milliseconds since 1970, or undefined when `text` is no time in ISO 8601 basic form. */
export function parseAmzDate(text: string): number | undefined {
  const match = AMZ_DATE.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index]);
  const date = new Date(Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6)));
  // Date.UTC rolls over (month 13, second 61) and reads years below 100 as of the past century: neither is a time here.
  const rolledOver =
    date.getUTCFullYear() !== part(1) ||
    date.getUTCMonth() !== part(2) - 1 ||
    date.getUTCDate() !== part(3) ||
    date.getUTCHours() !== part(4) ||
    date.getUTCMinutes() !== part(5) ||
    date.getUTCSeconds() !== part(6);
  return rolledOver ? undefined : date.getTime();
}
