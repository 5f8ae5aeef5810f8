import { CompactSign, importJWK } from 'jose';
import { utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { type KeyringContent, publicJwkOf, writeKeyringContent } from '../keyring/content.ts';
import { type Keyring, keyringAlg, keyringType, readKeyring } from '../keyring/keyring.ts';

/** The tenant's root: it signs keyrings and nothing else, and is kept offline. */
export interface RootKey {
  /** RFC 9278 thumbprint URI, to be pinned. */
  readonly keyId: string;
  /** Private JWK (Ed25519): a secret in the clear. */
  readonly jwk: Readonly<Record<string, string>>;
}

export async function generateRootKey(): Promise<RootKey> {
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new SealError('unsupported', 'Kind of the key.');
  return readRootKey(await crypto.subtle.exportKey('jwk', pair.privateKey));
}

/** @throws SealError `malformed-key` */
export async function readRootKey(jwk: object): Promise<RootKey> {
  const { d } = jwk as { readonly d?: unknown };
  try {
    const root = await publicJwkOf(jwk);
    if (root.kind === 'OKP/Ed25519' && typeof d === 'string') return { keyId: root.keyId, jwk: { ...root.jwk, d } };
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  }
  throw new SealError('malformed-key', 'It is no private Ed25519 key.');
}

/** @throws SealError `malformed-keyring`, `malformed-key` */
export async function signKeyring(content: KeyringContent, root: RootKey): Promise<Keyring> {
  const { d: _secret, ...jwk } = root.jwk;
  const signed = await new CompactSign(utf8(writeKeyringContent(content)))
    .setProtectedHeader({ alg: keyringAlg, typ: keyringType, jwk })
    .sign(await importJWK({ ...root.jwk }, keyringAlg));
  // Our own reader's checks, so that nothing is signed that nobody takes.
  return readKeyring(signed);
}
