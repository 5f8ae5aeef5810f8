import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { ENTRY_BYTES_MAX } from '../limits.ts';

/** Gives the keys that entries of a space are sealed under. */
export interface CacheKeys {
  /** What the passphrase version that seals now makes of the space. */
  newest(keyspace: string): { readonly version: number; readonly key: Buffer };
  /** Undefined: a version that this process was not given. */
  ofVersion(version: number, keyspace: string): Buffer | undefined;
  /** Changes with what answers look like: entries of another release are not read. */
  readonly form: string;
}

/** Turns answers into entries of one space and back. */
export interface EntryCodec {
  /** Of a place: the same for all processes, and telling nothing to whoever does not know the space. */
  idOf(kind: string, name: string): string;
  /** Undefined: too long to be worth it. */
  seal(kind: string, id: string, value: object): Buffer | undefined;
  /** Undefined: not ours, of another release, or changed by somebody. */
  open(kind: string, id: string, sealed: Uint8Array): object | undefined;
}

const ID_BYTES = 18;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Layout of an entry: version of the passphrase (1), IV (12, random), AES-256-GCM ciphertext, tag (16). The key is of this
 * one space, so that its random IVs stay few (NIST SP 800-38D: 2^32); place and form are authenticated.
 */
export function createEntryCodec(keyspace: string, keys: CacheKeys): EntryCodec {
  const aad = (kind: string, id: string): Buffer => Buffer.from(`sealgate cache\0${keys.form}\0${kind}\0${id}`);
  return {
    idOf: (kind, name) =>
      createHmac('sha256', keyspace).update(`${kind}\0${name}`).digest().subarray(0, ID_BYTES).toString('base64url'),
    seal(kind, id, value) {
      const plain = serialize(value);
      if (plain.length > ENTRY_BYTES_MAX) return undefined;
      const { version, key } = keys.newest(keyspace);
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(kind, id));
      return Buffer.concat([Buffer.of(version), iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(kind, id, sealed) {
      const key = keys.ofVersion(sealed[0] ?? 0, keyspace);
      const end = sealed.length - TAG_BYTES;
      if (key === undefined || end < 1 + IV_BYTES) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES))
          .setAAD(aad(kind, id))
          .setAuthTag(sealed.subarray(end));
        return deserialize(
          Buffer.concat([decipher.update(sealed.subarray(1 + IV_BYTES, end)), decipher.final()]),
        ) as object;
      } catch {
        return undefined;
      }
    },
  };
}
