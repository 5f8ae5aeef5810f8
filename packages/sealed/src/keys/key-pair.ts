import type { JWK } from 'jose';
import { SealError } from '../format/codes.ts';
import type { KeyKind, OpeningKey, RecipientKey } from './recipient-key.ts';
import { importAlgorithms, keyAlgOf, keyIdOf } from './recipient-key.ts';

/** What can be generated. RSA keys of 2048 bits are accepted from elsewhere, never made. */
export const keyPairKinds = ['P-256', 'P-384', 'X25519', 'RSA-3072', 'RSA-4096'] as const;
export type KeyPairKind = (typeof keyPairKinds)[number];

export type KeyPair = RecipientKey & OpeningKey;

/** Makes a key pair. Its private half can be exported only if `extractable`, which keeping it in a file needs. */
export async function generateKeyPair(
  kind: KeyPairKind,
  options: { readonly extractable?: boolean } = {},
): Promise<KeyPair> {
  const isRsa = kind === 'RSA-3072' || kind === 'RSA-4096';
  const keyKind: KeyKind = isRsa ? 'RSA' : kind;
  const algorithm = isRsa
    ? {
        ...importAlgorithms.RSA,
        modulusLength: kind === 'RSA-3072' ? 3072 : 4096,
        publicExponent: Uint8Array.of(1, 0, 1),
      }
    : importAlgorithms[kind];
  const usages: KeyUsage[] = isRsa ? ['encrypt', 'decrypt'] : ['deriveBits'];
  const pair = await crypto.subtle.generateKey(algorithm, options.extractable ?? false, usages);
  if (!('publicKey' in pair)) throw new SealError('unsupported', 'Kind of the key.');
  const keyId = await keyIdOf(await crypto.subtle.exportKey('jwk', pair.publicKey));
  return { keyId, keyAlg: keyAlgOf(keyKind), kind: keyKind, publicKey: pair.publicKey, privateKey: pair.privateKey };
}

/** The public half as a JWK with `kid`, `alg` and `use`, to be published. */
export async function exportPublicKey(key: RecipientKey): Promise<JWK> {
  return { ...(await exportMembers(key.publicKey)), kid: key.keyId, alg: key.keyAlg, use: 'enc' };
}

/**
 * The private key as a JWK: a secret in the clear. Keep it with protectPrivateKey.
 * @throws SealError `invalid-argument` when the key was made or imported as not extractable
 */
export async function exportPrivateKey(key: OpeningKey): Promise<JWK> {
  if (!key.privateKey.extractable) throw new SealError('invalid-argument', 'The key is not extractable.');
  return { ...(await exportMembers(key.privateKey)), kid: key.keyId, alg: key.keyAlg, use: 'enc' };
}

async function exportMembers(key: CryptoKey): Promise<JWK> {
  // WebCrypto adds key_ops, ext and its own alg names, which say less than what we add.
  const { key_ops: _ops, ext: _ext, alg: _alg, ...members } = await crypto.subtle.exportKey('jwk', key);
  return members;
}
