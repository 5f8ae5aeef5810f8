import { Fault } from '@sealgate/core/faults';
import { calculateJwkThumbprintUri, importJWK, type JWK } from 'jose';

/** Bits of an RSA modulus: below, keys are weak; above, they only cost time. As for sealed objects. */
const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 8192;
/** A JWK of the longest key has 1.4 KB. */
const JWK_TEXT_MAX = 8192;

/** A public key that documents are sealed to. */
export interface DocumentRecipient {
  /** RFC 9278 URI of the key's RFC 7638 SHA-256 thumbprint. */
  readonly keyId: string;
  /** Follows from the key. */
  readonly alg: 'RSA-OAEP-256' | 'ECDH-ES+A256KW';
  /** The public members alone. */
  readonly jwk: JWK;
  readonly publicKey: CryptoKey;
}

/**
 * A recipient from a public JWK, given as JSON or parsed.
 * @throws Fault ValidationFailed for what is no such key: a private one too, so that none is kept by accident
 */
export async function documentRecipient(given: unknown): Promise<DocumentRecipient> {
  const jwk = publicMembers(typeof given === 'string' ? parse(given) : given);
  const alg = jwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';
  try {
    const publicKey = await importJWK(jwk, alg, { extractable: true });
    if (publicKey instanceof Uint8Array) throw refusal('is no public key');
    const keyId = await calculateJwkThumbprintUri(jwk, 'sha256');
    return { keyId, alg, jwk, publicKey };
  } catch (cause) {
    throw refusal('cannot be read', cause);
  }
}

function parse(text: string): unknown {
  if (text.length > JWK_TEXT_MAX) throw refusal('is too long');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusal('is no JSON', cause);
  }
}

function publicMembers(value: unknown): JWK {
  if (typeof value !== 'object' || value === null) throw refusal('is no JWK');
  const members = value as Readonly<Record<string, unknown>>;
  if (members['d'] !== undefined || members['k'] !== undefined) {
    throw refusal('is a private one. Give its public half and keep this one to yourself');
  }
  if (members['use'] !== undefined && members['use'] !== 'enc') throw refusal('is not for encryption');
  const text = (name: string): string => {
    const member = members[name];
    if (typeof member !== 'string') throw refusal(`has no "${name}"`);
    return member;
  };
  const { kty, crv } = members;
  if (kty === 'RSA') {
    const bits = Buffer.from(text('n'), 'base64url').length * 8;
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) throw refusal(`has not ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits`);
    return { kty, n: text('n'), e: text('e') };
  }
  if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384')) return { kty, crv, x: text('x'), y: text('y') };
  if (kty === 'OKP' && crv === 'X25519') return { kty, crv, x: text('x') };
  throw refusal('is of a kind that is not known here: RSA, P-256, P-384 or X25519 are');
}

function refusal(problem: string, cause?: unknown): Fault {
  return new Fault('ValidationFailed', `The public key ${problem}.`, { cause });
}
