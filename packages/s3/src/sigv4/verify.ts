import { timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { CLOCK_SKEW_MS_MAX } from '../limits.ts';
import type { SignedRequest } from '../request.ts';
import { canonicalRequest, formatScope, stringToSign } from './canonical.ts';
import type { HmacKey } from './hmac.ts';
import { parsePayloadHash } from './payload.ts';
import { computeSignature, type SigningKeyCache, sha256OfLatin1 } from './signing-keys.ts';
import type { SigningCredential, SigV4Authorization, VerifiedRequest } from './types.ts';

export interface VerifySignatureOptions {
  readonly authorization: SigV4Authorization;
  /** What is known of `authorization.accessKeyId`; undefined when nobody has it. */
  readonly credential: SigningCredential | undefined;
  readonly nowMs: number;
  /** The region this gateway answers for. */
  readonly region: string;
  /** What the request may be signed for; `s3` when absent. */
  readonly services?: readonly ('s3' | 'sts' | 'sealgate')[];
  readonly signingKeys: SigningKeyCache;
}

/**
 * Verifies a request's signature, its age and what it covers. Pure but for the key cache.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * @throws Fault AuthorizationHeaderMalformed or AuthorizationQueryParametersError (wrong region, named in
 *   `detail.Region`), InvalidAccessKeyId, RequestTimeTooSkewed, AccessDenied (expired, headers not signed),
 *   SignatureDoesNotMatch, InvalidArgument (payload hash), InvalidToken, ExpiredToken
 */
export function verifySignature(request: SignedRequest, options: VerifySignatureOptions): VerifiedRequest {
  const { authorization, credential } = options;
  requireScope(authorization, options);
  if (credential === undefined || credential.state !== 'active') {
    spendAsOnKnownKey(request, options);
    throw unknownAccessKey(authorization.accessKeyId);
  }
  requireTime(authorization, options.nowMs);
  requireSignedHeaders(request, authorization);

  const signingKey = options.signingKeys.get({
    secretAccessKey: credential.secretAccessKey,
    scope: authorization.scope,
  });
  requireSignature(request, authorization, signingKey);
  requireSession(authorization.sessionToken, credential, options.nowMs);
  return {
    accessKeyId: authorization.accessKeyId,
    via: authorization.via,
    signedHeaders: authorization.signedHeaders,
    signedAtMs: authorization.signedAtMs,
    payload: parsePayloadHash(authorization.payloadHash, {
      seedSignature: authorization.signature,
      signingKey,
      scope: formatScope(authorization.scope),
      amzDate: authorization.amzDate,
    }),
  };
}

/** @throws Fault AuthorizationHeaderMalformed or AuthorizationQueryParametersError for another region or service */
export function requireScope(
  authorization: Pick<SigV4Authorization, 'scope' | 'via'>,
  options: Pick<VerifySignatureOptions, 'region' | 'services'>,
): void {
  const { region, service } = authorization.scope;
  const expected: readonly string[] = options.services ?? ['s3'];
  const inHeader = authorization.via === 'header';
  const code = inHeader ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError';
  const opening = inHeader ? 'The authorization header is malformed;' : 'Error parsing the X-Amz-Credential parameter;';
  if (!expected.includes(service)) {
    const [first = ''] = expected;
    throw new Fault(code, `${opening} incorrect service "${service}". This endpoint belongs to "${first}".`);
  }
  if (region !== options.region) {
    throw new Fault(code, `${opening} the region '${region}' is wrong; expecting '${options.region}'`, {
      detail: { Region: options.region },
    });
  }
}

const isoSeconds = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

function requireTime(authorization: SigV4Authorization, nowMs: number): void {
  const { signedAtMs, expiresSeconds } = authorization;
  const ahead = signedAtMs - nowMs > CLOCK_SKEW_MS_MAX;
  if (expiresSeconds === null) {
    if (!ahead && nowMs - signedAtMs <= CLOCK_SKEW_MS_MAX) return;
    throw new Fault(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        detail: {
          RequestTime: authorization.amzDate,
          ServerTime: isoSeconds(nowMs),
          MaxAllowedSkewMilliseconds: CLOCK_SKEW_MS_MAX,
        },
      },
    );
  }
  if (ahead) {
    throw new Fault('AccessDenied', 'Request is not valid yet', {
      detail: { 'X-Amz-Date': authorization.amzDate, ServerTime: isoSeconds(nowMs) },
    });
  }
  const endMs = signedAtMs + expiresSeconds * 1000;
  if (nowMs > endMs) {
    throw new Fault('AccessDenied', 'Request has expired', {
      detail: { 'X-Amz-Expires': expiresSeconds, Expires: isoSeconds(endMs), ServerTime: isoSeconds(nowMs) },
    });
  }
}

/** Headers that decide something. Those of AWS, and our own: a class, a policy, the encryption mode of a new bucket. */
const DECIDING = /^x-(?:amz|sealgate)-/;

/** `host` and every deciding header of the request must be signed, else somebody between could have added one. */
function requireSignedHeaders(request: SignedRequest, authorization: SigV4Authorization): void {
  const { signedHeaders } = authorization;
  const unsigned: string[] = signedHeaders.includes('host') ? [] : ['host'];
  for (const name of Object.keys(request.headers)) {
    if (DECIDING.test(name) && !signedHeaders.includes(name)) unsigned.push(name);
  }
  if (unsigned.length === 0) return;
  throw new Fault('AccessDenied', 'There were headers present in the request which were not signed', {
    detail: { HeadersNotSigned: unsigned.join(', ') },
  });
}

const SIGNATURE = /^[0-9a-f]{64}$/;

function requireSignature(request: SignedRequest, authorization: SigV4Authorization, key: HmacKey): void {
  const scope = formatScope(authorization.scope);
  const parts = {
    method: request.method,
    rawPath: request.rawPath,
    rawQuery: request.rawQuery,
    headers: request.headers,
    signedHeaders: authorization.signedHeaders,
    payloadHash: authorization.payloadHash,
  };
  const canonical = canonicalRequest(parts);
  const toSign = stringToSign(authorization.amzDate, scope, sha256OfLatin1(canonical));
  if (signatureEquals(computeSignature(key, toSign), authorization.signature)) return;

  const literal = canonicalRequest(parts, 'literal');
  if (literal !== canonical) {
    const literalToSign = stringToSign(authorization.amzDate, scope, sha256OfLatin1(literal));
    if (signatureEquals(computeSignature(key, literalToSign), authorization.signature)) return;
  }
  throw signatureMismatch(authorization, canonical, toSign);
}

/** What is no secret of anybody's. */
const STAND_IN = 'an access key that nobody has';

/** Time must not tell which access keys there are: an unknown one costs what a wrong signature of a known one costs. */
function spendAsOnKnownKey(request: SignedRequest, { authorization, signingKeys }: VerifySignatureOptions): void {
  const key = signingKeys.get({ secretAccessKey: STAND_IN, scope: authorization.scope });
  try {
    requireSignature(request, authorization, key);
  } catch {
    // It was refused before it was looked at.
  }
}

/** Compares two signatures in a time that tells nothing about where they differ. */
export function signatureEquals(ours: string, theirs: string): boolean {
  return SIGNATURE.test(theirs) && timingSafeEqual(Buffer.from(ours, 'latin1'), Buffer.from(theirs, 'latin1'));
}

/** The strings of the error body are the client's own request again: they help to debug it and hold nothing of ours. */
function signatureMismatch(authorization: SigV4Authorization, canonical: string, toSign: string): Fault {
  return new Fault(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      detail: {
        AWSAccessKeyId: authorization.accessKeyId,
        StringToSign: toSign,
        SignatureProvided: authorization.signature,
        CanonicalRequest: canonical,
      },
    },
  );
}

export function unknownAccessKey(accessKeyId: string): Fault {
  return new Fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
    detail: { AWSAccessKeyId: accessKeyId },
  });
}

/**
 * A temporary credential proves itself by its token too, and only until its end.
 * @throws Fault InvalidToken, ExpiredToken
 */
export function requireSession(sessionToken: string | null, credential: SigningCredential, nowMs: number): void {
  const given = Buffer.from(sessionToken ?? '', 'latin1');
  const wanted = Buffer.from(credential.sessionToken ?? '', 'latin1');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw new Fault('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  if (credential.expiresAtMs !== null && nowMs >= credential.expiresAtMs) {
    throw new Fault('ExpiredToken', 'The provided token has expired.');
  }
}
