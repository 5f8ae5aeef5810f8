import type { JWK } from 'jose';
import { SealError } from '../format/codes.ts';
import type { ManifestAlgorithm } from '../inspect/manifest.ts';
import {
  describeSignKey,
  importVerifyKey,
  type SignKey,
  signAlgorithms,
  type VerifyKey,
} from '../manifest/verify-key.ts';
import { keyIdOf } from './recipient-key.ts';

export async function generateSignKey(
  algorithm: ManifestAlgorithm,
  options: { readonly extractable?: boolean } = {},
): Promise<SignKey> {
  const usages: KeyUsage[] = ['sign', 'verify'];
  const pair = await crypto.subtle.generateKey(signAlgorithms[algorithm].import, options.extractable ?? false, usages);
  if (!('publicKey' in pair)) throw new SealError('unsupported', 'Kind of the key.');
  const keyId = await keyIdOf(await crypto.subtle.exportKey('jwk', pair.publicKey));
  return { keyId, algorithm, publicKey: pair.publicKey, privateKey: pair.privateKey };
}

/** @throws SealError `malformed-key`, `unsupported`, `key-id-mismatch` */
export async function importSignKey(jwk: JWK, options: { readonly extractable?: boolean } = {}): Promise<SignKey> {
  const { algorithm, members } = await describeSignKey(jwk);
  const { d } = jwk;
  if (typeof d !== 'string') throw new SealError('malformed-key', 'It has no private half.');
  const verifyKey = await importVerifyKey(jwk);
  try {
    const how = signAlgorithms[algorithm].import;
    const privateKey = await crypto.subtle.importKey('jwk', { ...members, d }, how, options.extractable ?? false, [
      'sign',
    ]);
    return { ...verifyKey, privateKey };
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  }
}

/** The public half as a JWK with `kid`, `alg` and `use`; with `private` the whole, a secret in the clear. */
export async function exportSignKey(key: VerifyKey | SignKey, half: 'public' | 'private'): Promise<JWK> {
  const source = half === 'private' && 'privateKey' in key ? key.privateKey : key.publicKey;
  if (!source.extractable) throw new SealError('invalid-argument', 'The key is not extractable.');
  const { key_ops: _ops, ext: _ext, alg: _alg, ...members } = await crypto.subtle.exportKey('jwk', source);
  return { ...members, kid: key.keyId, alg: key.algorithm, use: 'sig' };
}
