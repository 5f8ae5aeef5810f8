import { createHmac, timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { parseHttpDate } from '../conditions/http-date.ts';
import { CLOCK_SKEW_MS_MAX } from '../limits.ts';
import { bucketRoutes, objectRoutes } from '../operations/routes.ts';
import { headerValue, type SignedRequest } from '../request.ts';
import { parseAmzDate } from '../sigv4/canonical.ts';
import type { SigningCredential, SigV2Authorization } from '../sigv4/types.ts';
import { requireSession, unknownAccessKey } from '../sigv4/verify.ts';
import {
  type CanonicalV2Request,
  queryPieces,
  SIGNED_SUBRESOURCES,
  stringToSignV2,
  unescapeBytes,
} from './canonical.ts';

export interface VerifySignatureV2Options {
  readonly authorization: SigV2Authorization;
  /** What is known of `authorization.accessKeyId`; undefined when nobody has it. */
  readonly credential: SigningCredential | undefined;
  readonly nowMs: number;
  /** The bucket that the Host header names; undefined for a path-style address. */
  readonly hostBucket: string | undefined;
}

/**
 * Verifies a Signature Version 2: HMAC-SHA1 over less of the request than version 4 covers. It stands for no body, so a
 * caller must treat the payload as unsigned. Only for tenants whose settings allow it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 * @returns when it was signed; a presigned URL does not say
 * @throws Fault InvalidAccessKeyId, AccessDenied (no date, expired, a sub-resource or header that it does not cover),
 *   RequestTimeTooSkewed, SignatureDoesNotMatch, InvalidToken, ExpiredToken, InvalidURI
 */
export function verifySignatureV2(
  request: SignedRequest,
  options: VerifySignatureV2Options,
): { readonly signedAtMs: number | undefined } {
  const { authorization, credential, nowMs } = options;
  if (credential === undefined || credential.state !== 'active') throw unknownAccessKey(authorization.accessKeyId);
  const signedAtMs = authorization.expires === null ? requireDate(request, nowMs) : undefined;
  if (authorization.expires !== null) requireUnexpired(authorization.expires, nowMs);
  requireCovered(request.rawQuery, authorization.via);
  requireNoneOfOurs(request);

  const { expires } = authorization;
  const { hostBucket } = options;
  const { method, rawPath, rawQuery, headers } = request;
  const canonical = { method, rawPath, rawQuery, headers, hostBucket, expires };
  const toSign = stringToSignV2(canonical);
  const matches = [toSign, ...otherForms(canonical)].some((text) =>
    signatureV2Equals(computeSignatureV2(credential.secretAccessKey, text), authorization.signature),
  );
  if (!matches) {
    throw new Fault(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        detail: {
          AWSAccessKeyId: authorization.accessKeyId,
          StringToSign: toSign,
          SignatureProvided: authorization.signature,
        },
      },
    );
  }
  requireSession(authorization.sessionToken, credential, nowMs);
  return { signedAtMs };
}

/** What clients sign that write the same request in another way: `?acl` for `?acl=`, `/bucket/` for `/bucket`. */
function otherForms(request: CanonicalV2Request): readonly string[] {
  const isBucket = request.hostBucket === undefined && /^\/[^/]+$/.test(request.rawPath);
  const paths = isBucket ? [request, { ...request, rawPath: `${request.rawPath}/` }] : [request];
  return paths.flatMap((one) => [stringToSignV2(one), stringToSignV2(one, 'bare')]).slice(1);
}

/** Base64. `text` has one character a byte, as it came over the wire. */
export function computeSignatureV2(secretAccessKey: string, text: string): string {
  return createHmac('sha1', secretAccessKey).update(text, 'latin1').digest('base64');
}

/** Compares two signatures in a time that tells nothing about where they differ. */
export function signatureV2Equals(ours: string, theirs: string): boolean {
  const [a, b] = [Buffer.from(ours, 'latin1'), Buffer.from(theirs, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}

function requireDate(request: SignedRequest, nowMs: number): number {
  const text = headerValue(request.headers, 'x-amz-date') ?? headerValue(request.headers, 'date') ?? '';
  const timeMs = parseHttpDate(text.trim()) ?? parseAmzDate(text.trim());
  if (timeMs === undefined || timeMs < 0) {
    throw new Fault('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  if (Math.abs(nowMs - timeMs) <= CLOCK_SKEW_MS_MAX) return timeMs;
  throw new Fault(
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      detail: {
        RequestTime: text,
        ServerTime: isoSeconds(nowMs),
        MaxAllowedSkewMilliseconds: CLOCK_SKEW_MS_MAX,
      },
    },
  );
}

function requireUnexpired(expires: string, nowMs: number): void {
  if (!/^\d{1,12}$/.test(expires)) {
    throw new Fault('AccessDenied', `Invalid date (should be seconds since epoch): ${expires.slice(0, 64)}`);
  }
  const endMs = Number(expires) * 1000;
  if (nowMs <= endMs) return;
  throw new Fault('AccessDenied', 'Request has expired', {
    detail: { Expires: isoSeconds(endMs), ServerTime: isoSeconds(nowMs) },
  });
}

/**
 * Who holds a presigned URL must not turn it into another operation, or make it about something else. Sub-resources that
 * are younger than the list of signed ones are not covered; neither is a name that came escaped.
 */
function requireCovered(rawQuery: string, via: 'header' | 'query'): void {
  for (const [rawName] of queryPieces(rawQuery)) {
    if (SIGNED_SUBRESOURCES.has(rawName)) continue;
    const name = unescapeBytes(rawName);
    const escaped = SIGNED_SUBRESOURCES.has(name);
    const routed = via === 'query' && (bucketRoutes.has(name) || objectRoutes.has(name));
    if (!escaped && !routed) continue;
    throw new Fault(
      'AccessDenied',
      `Signature Version 2 does not cover the query parameter "${name}" of this request. Please use AWS4-HMAC-SHA256.`,
    );
  }
}

/** Version 2 signs headers of AWS alone: anybody on the way, or who holds a URL, could add one of ours. */
function requireNoneOfOurs({ headers }: SignedRequest): void {
  const name = Object.keys(headers).find((each) => each.startsWith('x-sealgate-'));
  if (name === undefined) return;
  throw new Fault(
    'AccessDenied',
    `Signature Version 2 does not cover the header "${name}" of this request. Please use AWS4-HMAC-SHA256.`,
  );
}

const isoSeconds = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
