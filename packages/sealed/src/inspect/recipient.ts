import { fromBase64url } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { maxWrappedKeyBytes, rsaMinModulusBits } from '../format/limits.ts';
import type { JsonObject } from './json.ts';
import { onlyMembers, requireObject, requireString } from './json.ts';

const keyAlgorithms = ['RSA-OAEP-256', 'ECDH-ES+A256KW'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** RFC 9278 form of an RFC 7638 thumbprint. It is computed from the key, never chosen. */
const keyIdPattern = /^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[A-Za-z0-9_-]{43}$/;
/** AES key wrap (RFC 3394) of a 256-bit key. */
const wrappedByAesBytes = 40;

const coordinates: Readonly<Record<string, { kty: string; bytes: number; members: readonly string[] }>> = {
  'P-256': { kty: 'EC', bytes: 32, members: ['x', 'y'] },
  'P-384': { kty: 'EC', bytes: 48, members: ['x', 'y'] },
  X25519: { kty: 'OKP', bytes: 32, members: ['x'] },
};

/** One wrapped copy of the envelope's content key. */
export interface EnvelopeRecipient {
  readonly keyId: string;
  readonly keyAlg: KeyAlgorithm;
  /** Bytes of the wrapped key: an RSA key's modulus length. */
  readonly wrappedBytes: number;
  readonly wrappedKey: string;
  /** The recipient's member of the JWE, made from checked members only. */
  readonly json: { readonly header: JsonObject; readonly encrypted_key: string };
}

export function isKeyId(text: string): boolean {
  if (!keyIdPattern.test(text)) return false;
  return fromBase64url(text.slice(text.lastIndexOf(':') + 1)) !== undefined;
}

/** @throws SealError `malformed-envelope`, `unsupported` */
export function parseRecipient(entry: JsonObject, protectedEpk: unknown): EnvelopeRecipient {
  onlyMembers(entry, ['header', 'encrypted_key'], 'recipient');
  const header = requireObject(entry['header'], 'header');
  onlyMembers(header, ['alg', 'kid', 'epk'], 'header');
  const keyId = requireString(header, 'kid');
  if (!isKeyId(keyId)) throw new SealError('malformed-envelope', 'kid is no thumbprint URI.');
  const keyAlg = keyAlgorithms.find((one) => one === header['alg']);
  if (keyAlg === undefined) throw new SealError('unsupported', 'Key algorithm of a recipient.');

  const wrappedKey = requireString(entry, 'encrypted_key');
  const wrappedBytes = fromBase64url(wrappedKey)?.length ?? 0;
  const ownEpk = header['epk'];
  if (ownEpk !== undefined && protectedEpk !== undefined) throw new SealError('malformed-envelope', 'epk');
  checkWrapping({ keyAlg, wrappedBytes, epk: ownEpk ?? protectedEpk });
  return {
    keyId,
    keyAlg,
    wrappedBytes,
    wrappedKey,
    json: {
      header: { alg: keyAlg, kid: keyId, ...(ownEpk === undefined ? {} : { epk: canonicalEpk(ownEpk) }) },
      encrypted_key: wrappedKey,
    },
  };
}

function checkWrapping(wrapped: { keyAlg: KeyAlgorithm; wrappedBytes: number; epk: unknown }): void {
  const { keyAlg, wrappedBytes, epk } = wrapped;
  switch (keyAlg) {
    case 'RSA-OAEP-256':
      // A modulus is a multiple of 64 bits in every key that tools make; its length is the ciphertext's.
      if (wrappedBytes < rsaMinModulusBits / 8 || wrappedBytes > maxWrappedKeyBytes || wrappedBytes % 8 !== 0) {
        throw new SealError('malformed-envelope', 'encrypted_key');
      }
      if (epk !== undefined) throw new SealError('malformed-envelope', 'epk');
      return;
    case 'ECDH-ES+A256KW':
      if (wrappedBytes !== wrappedByAesBytes) throw new SealError('malformed-envelope', 'encrypted_key');
      canonicalEpk(epk);
  }
}

function canonicalEpk(value: unknown): JsonObject {
  const epk = requireObject(value, 'epk');
  const crv = requireString(epk, 'crv');
  const shape = Object.hasOwn(coordinates, crv) ? coordinates[crv] : undefined;
  if (shape === undefined) throw new SealError('unsupported', 'Curve of an ephemeral key.');
  onlyMembers(epk, ['kty', 'crv', ...shape.members], 'epk');
  if (epk['kty'] !== shape.kty) throw new SealError('malformed-envelope', 'epk');
  const values = shape.members.map((member): [string, string] => {
    const text = requireString(epk, member);
    if (fromBase64url(text)?.length !== shape.bytes) throw new SealError('malformed-envelope', 'epk');
    return [member, text];
  });
  return { kty: shape.kty, crv, ...Object.fromEntries(values) };
}
