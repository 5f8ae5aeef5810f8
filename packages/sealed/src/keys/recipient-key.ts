import type { JWK } from 'jose';
import { calculateJwkThumbprintUri } from 'jose';
import { fromBase64url } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { rsaMaxModulusBits, rsaMinModulusBits } from '../format/limits.ts';
import type { KeyAlgorithm } from '../inspect/recipient.ts';

/** What a key is: its JWE algorithm follows from it and is never read from a message. */
export type KeyKind = 'RSA' | 'P-256' | 'P-384' | 'X25519';

/** A public key that objects can be sealed to. */
export interface RecipientKey {
  /** RFC 9278 thumbprint URI, computed from the key. */
  readonly keyId: string;
  readonly keyAlg: KeyAlgorithm;
  readonly kind: KeyKind;
  readonly publicKey: CryptoKey;
}

/** A private key that opens what was sealed to its public half. */
export interface OpeningKey {
  readonly keyId: string;
  readonly keyAlg: KeyAlgorithm;
  readonly kind: KeyKind;
  readonly privateKey: CryptoKey;
}

export const importAlgorithms = {
  RSA: { name: 'RSA-OAEP', hash: 'SHA-256' },
  'P-256': { name: 'ECDH', namedCurve: 'P-256' },
  'P-384': { name: 'ECDH', namedCurve: 'P-384' },
  X25519: { name: 'X25519' },
} as const satisfies Record<KeyKind, RsaHashedImportParams | EcKeyImportParams | Algorithm>;

/**
 * Imports a public JWK. A private one is accepted and only its public half is used.
 * @throws SealError `malformed-key`, `weak-key`, `unsupported`, `key-id-mismatch` (the JWK's `kid` is not its thumbprint)
 */
export async function importPublicKey(jwk: JWK): Promise<RecipientKey> {
  const facts = await describe(jwk);
  const usages: KeyUsage[] = facts.kind === 'RSA' ? ['encrypt'] : [];
  const publicKey = await importKey(publicMembers(jwk, facts.kind), { kind: facts.kind, usages, extractable: true });
  return { ...facts, publicKey };
}

/**
 * Imports a private JWK, by default so that it cannot be exported again.
 * @throws SealError `malformed-key`, `weak-key`, `unsupported`, `key-id-mismatch`
 */
export async function importPrivateKey(
  jwk: JWK,
  options: { readonly extractable?: boolean } = {},
): Promise<OpeningKey> {
  const facts = await describe(jwk);
  const usages: KeyUsage[] = facts.kind === 'RSA' ? ['decrypt'] : ['deriveBits'];
  const members = { ...publicMembers(jwk, facts.kind), ...privateMembers(jwk, facts.kind) };
  const privateKey = await importKey(members, { kind: facts.kind, usages, extractable: options.extractable ?? false });
  return { ...facts, privateKey };
}

export function keyAlgOf(kind: KeyKind): KeyAlgorithm {
  return kind === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';
}

async function describe(jwk: JWK): Promise<Pick<RecipientKey, 'keyId' | 'keyAlg' | 'kind'>> {
  const kind = kindOf(jwk);
  const keyAlg = keyAlgOf(kind);
  if (jwk.alg !== undefined && jwk.alg !== keyAlg) throw new SealError('unsupported', 'Algorithm of the key.');
  if (jwk.use !== undefined && jwk.use !== 'enc') throw new SealError('unsupported', 'Use of the key.');
  if (kind === 'RSA') assertModulus(jwk.n ?? '');
  const keyId = await keyIdOf(jwk);
  if (jwk.kid !== undefined && jwk.kid !== keyId) throw new SealError('key-id-mismatch');
  return { keyId, keyAlg, kind };
}

/** RFC 9278 URI of the RFC 7638 SHA-256 thumbprint. @throws SealError `malformed-key` */
export async function keyIdOf(jwk: JWK): Promise<string> {
  try {
    return await calculateJwkThumbprintUri(jwk, 'sha256');
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  }
}

function kindOf(jwk: JWK): KeyKind {
  if (jwk.kty === 'RSA') return 'RSA';
  if (jwk.kty === 'EC' && (jwk.crv === 'P-256' || jwk.crv === 'P-384')) return jwk.crv;
  if (jwk.kty === 'OKP' && jwk.crv === 'X25519') return 'X25519';
  throw new SealError('unsupported', 'Kind of the key.');
}

function assertModulus(n: string): void {
  const modulus = fromBase64url(n);
  if (modulus === undefined || modulus.length === 0) throw new SealError('malformed-key');
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < rsaMinModulusBits) throw new SealError('weak-key', `RSA keys need ${rsaMinModulusBits} bits.`);
  if (bits > rsaMaxModulusBits) throw new SealError('limit-exceeded', 'The RSA key is too long.');
}

function publicMembers(jwk: JWK, kind: KeyKind): JWK {
  return pick(
    jwk,
    kind === 'RSA' ? ['kty', 'n', 'e'] : kind === 'X25519' ? ['kty', 'crv', 'x'] : ['kty', 'crv', 'x', 'y'],
  );
}

function privateMembers(jwk: JWK, kind: KeyKind): JWK {
  return pick(jwk, kind === 'RSA' ? ['d', 'p', 'q', 'dp', 'dq', 'qi'] : ['d']);
}

function pick(jwk: JWK, members: readonly (keyof JWK)[]): JWK {
  const entries = members.map((member) => [member, jwk[member]] as const);
  if (entries.some(([, value]) => typeof value !== 'string')) throw new SealError('malformed-key');
  return Object.fromEntries(entries);
}

async function importKey(
  jwk: JWK,
  options: { kind: KeyKind; usages: KeyUsage[]; extractable: boolean },
): Promise<CryptoKey> {
  try {
    const { kind, usages, extractable } = options;
    return await crypto.subtle.importKey('jwk', jwk, importAlgorithms[kind], extractable, usages);
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  }
}
