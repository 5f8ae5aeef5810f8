import { sha256 } from '@noble/hashes/sha2.js';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { fromBase64url, toBase64url, utf8, utf8Text } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { maxKeyringBytes } from '../format/limits.ts';
import type { KnownRecipient, RecipientPolicy } from '../inspect/recipient-policy.ts';
import { type KeyringContent, type KeyringKey, modulusBytesOf, parseKeyringContent, publicJwkOf } from './content.ts';

export const keyringType = 'sealgate-keyring+jws';
export const keyringAlg = 'Ed25519';

/** A keyring whose signature is right. By whom it is signed is for the reader to judge: see trustKeyrings. */
export interface Keyring extends KeyringContent {
  /** The signed document (JWS, RFC 7515, compact). */
  readonly text: string;
  /** SHA-256 of it, base64url. */
  readonly digest: string;
  /** Thumbprint URI of the root key that signed it. */
  readonly rootKeyId: string;
}

/**
 * Reads a signed keyring and checks its signature by the key that it names. The root's id is computed from that key.
 * @throws SealError `malformed-keyring`, `keyring-untrusted` (the signature is wrong), `limit-exceeded`
 */
export async function readKeyring(text: string): Promise<Keyring> {
  // Base64url takes four thirds.
  if (text.length > 2 * maxKeyringBytes) throw new SealError('limit-exceeded', 'The keyring is too long.');
  // A keyring is known by the digest of its text, so there is one text of it: not every decoder refuses spare bits.
  if (!text.split('.').every((part) => fromBase64url(part) !== undefined)) {
    throw new SealError('malformed-keyring', 'It is no JWS.');
  }
  const root = await rootOf(text);
  let payload: Uint8Array;
  try {
    const key = await importJWK({ ...root.jwk }, keyringAlg);
    ({ payload } = await compactVerify(text, key, { algorithms: [keyringAlg] }));
  } catch (cause) {
    throw new SealError('keyring-untrusted', 'The signature is wrong.', { cause });
  }
  const content = await parseKeyringContent(utf8Text(payload));
  return { ...content, text, digest: keyringDigest(text), rootKeyId: root.keyId };
}

/** What the next keyring has in `prev`. */
function keyringDigest(text: string): string {
  return toBase64url(sha256(utf8(text)));
}

/**
 * What an envelope must be under a keyring, now: sealed to its keys in use and no others, to the required ones among them,
 * by allowed algorithms.
 * @param nowSeconds since 1970
 */
export function recipientPolicyOf(keyring: KeyringContent, nowSeconds: number): Required<RecipientPolicy> {
  const known = new Map<string, KnownRecipient>();
  for (const { keyId, jwk, use, nbf, revokedAt } of keyring.keys) {
    const isSealing = use === 'wrap' || use === 'recovery';
    if (!isSealing || nbf > nowSeconds || (revokedAt !== null && revokedAt <= nowSeconds)) continue;
    const modulusBytes = modulusBytesOf(jwk);
    known.set(
      keyId,
      modulusBytes === undefined ? { keyAlg: 'ECDH-ES+A256KW' } : { keyAlg: 'RSA-OAEP-256', modulusBytes },
    );
  }
  return {
    knownRecipients: known,
    requiredRecipients: keyring.requiredRecipients,
    allowedKeyAlgorithms: keyring.allowedAlgs,
  };
}

/** What a keyring says of the keys that sign. */
export interface KeyringSigners {
  readonly inUse: readonly KeyringKey[];
  /** By key id, when they were revoked: seconds since 1970. */
  readonly revoked: ReadonlyMap<string, number>;
}

/** @param nowSeconds since 1970 */
export function signersOf(keyring: Pick<KeyringContent, 'keys'>, nowSeconds: number): KeyringSigners {
  const signing = keyring.keys.filter(({ use }) => use === 'sign');
  return {
    inUse: signing.filter(({ nbf, revokedAt }) => nbf <= nowSeconds && (revokedAt === null || revokedAt > nowSeconds)),
    revoked: new Map(
      signing.flatMap(({ keyId, revokedAt }) =>
        revokedAt === null || revokedAt > nowSeconds ? [] : [[keyId, revokedAt] as const],
      ),
    ),
  };
}

async function rootOf(text: string) {
  let header: Readonly<Record<string, unknown>>;
  try {
    header = { ...decodeProtectedHeader(text) };
  } catch (cause) {
    throw new SealError('malformed-keyring', 'It is no JWS.', { cause });
  }
  const known = ['alg', 'typ', 'jwk'];
  const exact = Object.keys(header).every((name) => known.includes(name));
  if (!exact || header['alg'] !== keyringAlg || header['typ'] !== keyringType) {
    throw new SealError('malformed-keyring', 'Its header.');
  }
  const root = await publicJwkOf(header['jwk']);
  const own = Object.keys(header['jwk'] as object).length === Object.keys(root.jwk).length;
  if (root.kind !== 'OKP/Ed25519' || !own) throw new SealError('malformed-keyring', 'Its root key.');
  return root;
}
