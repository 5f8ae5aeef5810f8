import { calculateJwkThumbprintUri } from 'jose';
import { fromBase64url } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import {
  maxKeyringBytes,
  maxKeyringKeys,
  maxRecipients,
  rsaMaxModulusBits,
  rsaMinModulusBits,
} from '../format/limits.ts';
import { isKeyId, type KeyAlgorithm } from '../inspect/recipient.ts';

/** What a key of a keyring is for. `recovery` is a recipient like `wrap`, kept offline. */
export const keyUses = ['wrap', 'recovery', 'sign', 'agent'] as const;
export type KeyUse = (typeof keyUses)[number];

/** A public JWK without anything that could be said differently elsewhere (`kid`, `alg`, `use`). */
export type PublicJwk = Readonly<Record<string, string>>;

export interface KeyringKey {
  /** Computed from the key, never read. */
  readonly keyId: string;
  readonly jwk: PublicJwk;
  readonly use: KeyUse;
  /** Of the owner's keys of this use: 1, 2, 3, ... */
  readonly version: number;
  /** Seconds since 1970 from when on it may be used. */
  readonly nbf: number;
  /** Seconds since 1970; null: it is in use. */
  readonly revokedAt: number | null;
}

export interface KeyringContent {
  readonly tenant: string;
  /** 1, 2, 3, ... without a gap. */
  readonly seq: number;
  /** Digest of the keyring before; null for the first one. */
  readonly prev: string | null;
  readonly issuedAt: number;
  readonly keys: readonly KeyringKey[];
  /** What may wrap the content key of an envelope. */
  readonly allowedAlgs: readonly KeyAlgorithm[];
  /** Ids of keys that every envelope must be sealed to. */
  readonly requiredRecipients: readonly string[];
}

const algorithms: readonly KeyAlgorithm[] = ['RSA-OAEP-256', 'ECDH-ES+A256KW'];
const digestPattern = /^[A-Za-z0-9_-]{43}$/;
const sealing: readonly KeyUse[] = ['wrap', 'recovery'];

/** Members of a public key by its kind, and how long they are in bytes; RSA's modulus has a range. */
const members: Readonly<Record<string, readonly string[]>> = {
  'EC/P-256': ['kty', 'crv', 'x', 'y'],
  'EC/P-384': ['kty', 'crv', 'x', 'y'],
  'OKP/X25519': ['kty', 'crv', 'x'],
  'OKP/Ed25519': ['kty', 'crv', 'x'],
  'RSA/': ['kty', 'n', 'e'],
};
const signingKinds = new Set(['OKP/Ed25519', 'EC/P-256']);

/** @throws SealError `malformed-keyring`, `limit-exceeded` */
export async function parseKeyringContent(text: string): Promise<KeyringContent> {
  if (text.length > maxKeyringBytes) throw new SealError('limit-exceeded', 'The keyring is too long.');
  const value = objectOf(parse(text), 'keyring', [
    ...['v', 'tenant', 'seq', 'prev', 'iat', 'keys', 'allowed_algs', 'required_recipients'],
  ]);
  must(value['v'] === 1, 'version');
  const { tenant, seq, prev, iat } = value;
  must(typeof tenant === 'string' && tenant.length > 0 && tenant.length <= 255, 'tenant');
  must(isCount(seq, 1), 'seq');
  must(prev === null || (typeof prev === 'string' && digestPattern.test(prev)), 'prev');
  must((prev === null) === (seq === 1), 'prev');
  must(isCount(iat, 0), 'iat');
  const list = value['keys'];
  must(Array.isArray(list) && list.length > 0 && list.length <= maxKeyringKeys, 'keys');
  const keys = await Promise.all(list.map(parseKey));
  must(new Set(keys.map(({ keyId }) => keyId)).size === keys.length, 'Two entries are one key.');
  const allowedAlgs = textsOf(value['allowed_algs'], 'allowed_algs');
  must(allowedAlgs.length > 0 && allowedAlgs.every(isAlgorithm), 'allowed_algs');
  const requiredRecipients = textsOf(value['required_recipients'], 'required_recipients');
  must(requiredRecipients.length <= maxRecipients, 'required_recipients');
  const usable = keys.filter(({ use, revokedAt }) => sealing.includes(use) && revokedAt === null);
  const known = new Set(usable.map(({ keyId }) => keyId));
  must(
    requiredRecipients.every((keyId) => isKeyId(keyId) && known.has(keyId)),
    'A required recipient is no key in use.',
  );
  return { tenant, seq, prev, issuedAt: iat, keys, allowedAlgs: allowedAlgs.filter(isAlgorithm), requiredRecipients };
}

/** The form that is signed. */
export function writeKeyringContent(content: KeyringContent): string {
  const { tenant, seq, prev, issuedAt, keys, allowedAlgs, requiredRecipients } = content;
  return JSON.stringify({
    ...{ v: 1, tenant, seq, prev, iat: issuedAt },
    keys: keys.map(({ jwk, use, version, nbf, revokedAt }) => ({ jwk, use, version, nbf, revoked_at: revokedAt })),
    allowed_algs: allowedAlgs,
    required_recipients: requiredRecipients,
  });
}

/** @throws SealError `malformed-keyring` */
export async function publicJwkOf(
  jwk: unknown,
): Promise<{ readonly jwk: PublicJwk; readonly keyId: string; readonly kind: string }> {
  must(typeof jwk === 'object' && jwk !== null, 'jwk');
  const given = jwk as Readonly<Record<string, unknown>>;
  const kind = `${String(given['kty'])}/${typeof given['crv'] === 'string' ? given['crv'] : ''}`;
  const names = Object.hasOwn(members, kind) ? members[kind] : undefined;
  must(names !== undefined, 'Kind of a key.');
  const picked = Object.fromEntries(names.map((name) => [name, given[name]] as const));
  must(isTexts(picked), 'A member of a key.');
  try {
    return { jwk: picked, keyId: await calculateJwkThumbprintUri(picked, 'sha256'), kind };
  } catch (cause) {
    throw new SealError('malformed-keyring', 'A key.', { cause });
  }
}

async function parseKey(entry: unknown): Promise<KeyringKey> {
  const value = objectOf(entry, 'key', ['jwk', 'use', 'version', 'nbf', 'revoked_at']);
  const { version, nbf, revoked_at: revokedAt } = value;
  const use = keyUses.find((one) => one === value['use']);
  must(use !== undefined, 'use');
  must(isCount(version, 1) && isCount(nbf, 0) && (revokedAt === null || isCount(revokedAt, 0)), 'A key’s numbers.');
  const { jwk, keyId, kind } = await publicJwkOf(value['jwk']);
  // Nothing else may stand there: a private half above all.
  must(Object.keys(objectOf(value['jwk'], 'jwk', Object.keys(jwk))).length === Object.keys(jwk).length, 'jwk');
  must(
    use === 'sign' ? signingKinds.has(kind) : use === 'agent' || kind !== 'OKP/Ed25519',
    'A key is not fit for its use.',
  );
  if (kind === 'RSA/') {
    const bits = (modulusBytesOf(jwk) ?? 0) * 8;
    must(bits >= rsaMinModulusBits && bits <= rsaMaxModulusBits, 'An RSA key’s length.');
  }
  return { keyId, jwk, use, version, nbf, revokedAt };
}

/** Undefined for keys that have none. */
export function modulusBytesOf(jwk: PublicJwk): number | undefined {
  return jwk['n'] === undefined ? undefined : fromBase64url(jwk['n'])?.length;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SealError('malformed-keyring', 'It is not JSON.', { cause });
  }
}

function objectOf(value: unknown, name: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  must(typeof value === 'object' && value !== null && !Array.isArray(value), name);
  // What is not known is not ignored: it could mean something to another reader.
  must(
    Object.keys(value).every((member) => allowed.includes(member)),
    `${name} has an unknown member.`,
  );
  return value as Readonly<Record<string, unknown>>;
}

function textsOf(value: unknown, name: string): readonly string[] {
  must(Array.isArray(value) && value.every((item) => typeof item === 'string'), name);
  must(new Set(value).size === value.length, name);
  return value;
}

function isTexts(value: Readonly<Record<string, unknown>>): value is PublicJwk {
  return Object.values(value).every((one) => typeof one === 'string');
}

function isAlgorithm(text: string): text is KeyAlgorithm {
  return (algorithms as readonly string[]).includes(text);
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new SealError('malformed-keyring', what);
}
