import { createHmac, hash } from 'node:crypto';
import { SIGNING_KEYS_MAX } from '../limits.ts';
import { type CredentialScope, formatScope } from './canonical.ts';
import { type HmacKey, hmacKey, hmacSha256 } from './hmac.ts';

export interface SigningKeyRequest {
  readonly secretAccessKey: string;
  readonly scope: CredentialScope;
}

/** Signing keys by secret, day, region and service: a key costs four HMACs and serves a whole day. */
export interface SigningKeyCache {
  get(request: SigningKeyRequest): HmacKey;
}

/** Derives the signing key of one day, region and service. */
export function deriveSigningKey({ secretAccessKey, scope }: SigningKeyRequest): HmacKey {
  const byDate = createHmac('sha256', `AWS4${secretAccessKey}`).update(scope.date).digest();
  const byRegion = createHmac('sha256', byDate).update(scope.region).digest();
  const byService = createHmac('sha256', byRegion).update(scope.service).digest();
  return hmacKey(createHmac('sha256', byService).update('aws4_request').digest());
}

/**
 * A cache of the most recently used keys. Its own keys are digests of the secrets, so that a changed secret can never
 * meet an old key and the map holds no secret; only the request before is remembered as it was, since the next one is mostly alike.
 */
export function createSigningKeyCache(options: { readonly entriesMax?: number } = {}): SigningKeyCache {
  const entriesMax = options.entriesMax ?? SIGNING_KEYS_MAX;
  const keys = new Map<string, HmacKey>();
  let last: { readonly request: SigningKeyRequest; readonly key: HmacKey } | undefined;
  return {
    get(request) {
      if (last !== undefined && isSame(last.request, request)) return last.key;
      const name = hash('sha256', `${request.secretAccessKey}\n${formatScope(request.scope)}`, 'base64');
      const known = keys.get(name);
      const key = known ?? deriveSigningKey(request);
      if (known !== undefined) keys.delete(name);
      else if (keys.size >= entriesMax) keys.delete(keys.keys().next().value ?? '');
      keys.set(name, key);
      last = { request, key };
      return key;
    },
  };
}

function isSame(one: SigningKeyRequest, other: SigningKeyRequest): boolean {
  const { date, region, service } = one.scope;
  return (
    one.secretAccessKey === other.secretAccessKey &&
    date === other.scope.date &&
    region === other.scope.region &&
    service === other.scope.service
  );
}

/** The signature of a string to sign, in hex. */
export function computeSignature(key: HmacKey, text: string): string {
  return hmacSha256(key, text);
}

/** SHA-256 in hex of text that has one character a byte. */
export function sha256OfLatin1(text: string): string {
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex');
}
