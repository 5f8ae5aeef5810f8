import { canonicalRequest, formatAmzDate, formatScope, stringToSign } from './canonical.ts';
import type { HmacKey } from './hmac.ts';
import { type PresignRequest, prepareHeaders, preparePresign, type SignRequest } from './prepare.ts';
import { computeSignature, deriveSigningKey, type SigningKeyCache, sha256OfLatin1 } from './signing-keys.ts';
import type { ChunkSigning } from './types.ts';

export interface SignedResult {
  /** All headers to send: those given and `x-amz-date`, `x-amz-content-sha256`, `authorization`, … */
  readonly headers: Readonly<Record<string, string>>;
  /** What a chunk encoder goes on from. */
  readonly chunkSigning: ChunkSigning;
}

/** Where signing keys come from; without a cache each call derives its own. */
export interface SignerOptions {
  readonly signingKeys?: SigningKeyCache;
}

/**
 * Signs a request in its Authorization header. Every given header is signed but for those that proxies change.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signRequest(request: SignRequest, options: SignerOptions = {}): SignedResult {
  const prepared = prepareHeaders(request);
  const key = signingKey(request, prepared.scope.date, options);
  const scope = formatScope(prepared.scope);
  const canonical = canonicalRequest(prepared.canonical);
  const signature = computeSignature(key, stringToSign(prepared.amzDate, scope, sha256OfLatin1(canonical)));
  return {
    headers: { ...prepared.headers, authorization: prepared.authorization(signature) },
    chunkSigning: { seedSignature: signature, signingKey: key, scope, amzDate: prepared.amzDate },
  };
}

/**
 * A URL that carries its signature, good for `expiresSeconds` (at most a week).
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function presignUrl(request: PresignRequest, options: SignerOptions = {}): string {
  const prepared = preparePresign(request);
  const key = signingKey(request, prepared.scope.date, options);
  const canonical = canonicalRequest(prepared.canonical);
  const toSign = stringToSign(formatAmzDate(request.nowMs), formatScope(prepared.scope), sha256OfLatin1(canonical));
  return prepared.url(computeSignature(key, toSign));
}

function signingKey(request: SignRequest | PresignRequest, date: string, options: SignerOptions): HmacKey {
  const wanted = {
    secretAccessKey: request.credentials.secretAccessKey,
    scope: { date, region: request.region, service: request.service ?? 's3' },
  };
  return options.signingKeys?.get(wanted) ?? deriveSigningKey(wanted);
}
