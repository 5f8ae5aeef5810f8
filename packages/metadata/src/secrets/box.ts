import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals small secrets for the database. `purpose` and `id` are authenticated: a row moved elsewhere does not open. */
export interface SecretBox {
  /** Version of the passphrase that `seal` uses. */
  readonly newest: number;
  /** Under the newest passphrase. */
  seal(place: SecretPlace, secret: string): Buffer;
  /** @throws Fault InternalError when the bytes were changed, moved, or sealed under a passphrase that was not given. */
  open(place: SecretPlace, sealed: Uint8Array): string;
  /** A key of its own for a purpose that seals too much for `seal`; undefined: a version that was not given. */
  keyFor(version: number, purpose: string): Buffer | undefined;
  /** Version of the passphrase that these bytes say they are sealed under. */
  versionOf(sealed: Uint8Array): number;
}

export interface SecretPlace {
  readonly purpose:
    | 'canary'
    | 'credential'
    | 'session-token'
    | 'backend'
    | 'object-key'
    | 'audit-key'
    | 'webhook'
    | 'webhook-headers';
  /** The row's primary key. */
  readonly id: string;
}

/**
 * Layout of sealed bytes: version of the passphrase (1), IV (12, random), AES-256-GCM ciphertext, tag (16). A random IV
 * is safe for the few secrets that one database ever holds under one key (NIST SP 800-38D: 2^32).
 */
export function createSecretBox(keys: ReadonlyMap<number, Uint8Array>): SecretBox {
  const newest = Math.max(...keys.keys());
  const newestKey = keys.get(newest);
  if (newestKey === undefined || newest > 255 || newest < 1) {
    throw new Fault('ConfigInvalid', 'At least one secret passphrase with a version of 1 to 255 is needed.');
  }
  for (const key of keys.values()) {
    if (key.byteLength !== KEY_BYTES) throw new Fault('InternalError', 'A key for secrets has 32 bytes.');
  }
  const versionOf = (sealed: Uint8Array): number => sealed[0] ?? 0;
  return {
    newest,
    versionOf,
    keyFor(version, purpose) {
      const key = keys.get(version);
      return key && Buffer.from(hkdfSync('sha256', key, '', `sealgate key\0${purpose}`, KEY_BYTES));
    },
    seal(place, secret) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newestKey, iv).setAAD(aad(newest, place));
      return Buffer.concat([Buffer.of(newest), iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(place, sealed) {
      const version = versionOf(sealed);
      const key = keys.get(version);
      if (key === undefined || sealed.byteLength < 1 + IV_BYTES + TAG_BYTES) {
        throw new Fault(
          'InternalError',
          `A stored secret is sealed under passphrase version ${version}, which was not given.`,
        );
      }
      const end = sealed.byteLength - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES))
        .setAAD(aad(version, place))
        .setAuthTag(sealed.subarray(end));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(1 + IV_BYTES, end)), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new Fault('InternalError', 'A stored secret does not open.', { cause: error });
      }
    },
  };
}

function aad(version: number, place: SecretPlace): Buffer {
  return Buffer.from(`sealgate secret\0${version}\0${place.purpose}\0${place.id}`, 'utf8');
}
