import type { JWK } from 'jose';
import { calculateJwkThumbprintUri } from 'jose';
import { SealError } from '../format/codes.ts';
import type { ManifestAlgorithm } from '../inspect/manifest.ts';

/** A public key that signatures of a writer are checked with. */
export interface VerifyKey {
  /** RFC 9278 thumbprint URI, computed from the key. */
  readonly keyId: string;
  readonly algorithm: ManifestAlgorithm;
  readonly publicKey: CryptoKey;
}

/** A key pair with which a writer signs. */
export interface SignKey extends VerifyKey {
  readonly privateKey: CryptoKey;
}

export const signAlgorithms = {
  Ed25519: { import: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
  ES256: { import: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
} as const;

/** The algorithm that a key's own form says. @throws SealError `unsupported`, `malformed-key`, `key-id-mismatch` */
export async function describeSignKey(jwk: JWK): Promise<Pick<VerifyKey, 'keyId' | 'algorithm'> & { members: JWK }> {
  const { kty, crv, x, y } = jwk;
  const ed = kty === 'OKP' && crv === 'Ed25519';
  if (!ed && !(kty === 'EC' && crv === 'P-256')) throw new SealError('unsupported', 'Kind of the key.');
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new SealError('unsupported', 'Use of the key.');
  if (typeof x !== 'string' || (!ed && typeof y !== 'string')) throw new SealError('malformed-key');
  const algorithm = ed ? 'Ed25519' : 'ES256';
  if (jwk.alg !== undefined && jwk.alg !== algorithm) throw new SealError('unsupported', 'Algorithm of the key.');
  const members: JWK = { kty, crv, x, ...(ed ? {} : { y: y ?? '' }) };
  const keyId = await calculateJwkThumbprintUri(members, 'sha256');
  if (jwk.kid !== undefined && jwk.kid !== keyId) throw new SealError('key-id-mismatch');
  return { keyId, algorithm, members };
}

/**
 * Imports a public JWK (Ed25519, or P-256 for ES256). A private one is accepted and only its public half is used.
 * @throws SealError `malformed-key`, `unsupported`, `key-id-mismatch`
 */
export async function importVerifyKey(jwk: JWK): Promise<VerifyKey> {
  const { keyId, algorithm, members } = await describeSignKey(jwk);
  try {
    const { import: how } = signAlgorithms[algorithm];
    return { keyId, algorithm, publicKey: await crypto.subtle.importKey('jwk', members, how, true, ['verify']) };
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  }
}
