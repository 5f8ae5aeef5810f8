import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** Bytes of a data key, and of every key that wraps one: AES-256. */
export const DATA_KEY_BYTES = 32;

/** The object whose data key is wrapped. A key that was wrapped for one object does not open for another. */
export interface KeyPlace {
  readonly bucketId: number;
  /** The object's key. */
  readonly key: string;
}

/** Says how the wrapped bytes are laid out; the first of them. */
const WRAP_VERSION = 1;
const WRAPPED_BYTES = 1 + DATA_KEY_BYTES + 8;
/** RFC 3394 section 2.2.3.1. */
const WRAP_IV = Buffer.alloc(8, 0xa6);
const WRAP_ALGORITHM = 'id-aes256-wrap';

/** A random key for one object (or one upload). Key objects do not print, so they cannot slip into a log. */
export function newDataKey(): KeyObject {
  return createSecretKey(randomBytes(DATA_KEY_BYTES));
}

/**
 * Wraps a data key for one object under `under` (32 bytes): AES key wrap (RFC 3394) under a key that HMAC-SHA-256 derives from
 * `under` for this place. AES key wrap takes no nonce, so one key may wrap any number of data keys.
 * @returns base64 of one byte that says the layout, and the 40 wrapped bytes
 */
export function wrapDataKey(under: KeyObject, place: KeyPlace, dataKey: KeyObject): string {
  const cipher = createCipheriv(WRAP_ALGORITHM, wrappingKey(under, place), WRAP_IV);
  return Buffer.concat([Buffer.of(WRAP_VERSION), cipher.update(dataKey.export()), cipher.final()]).toString('base64');
}

/** The data key, or undefined when `under` is not the key it was wrapped under, or the place another one. */
export function unwrapDataKey(under: KeyObject, place: KeyPlace, wrapped: string): KeyObject | undefined {
  const bytes = Buffer.from(wrapped, 'base64');
  if (bytes.length !== WRAPPED_BYTES || bytes[0] !== WRAP_VERSION) return undefined;
  const decipher = createDecipheriv(WRAP_ALGORITHM, wrappingKey(under, place), WRAP_IV);
  try {
    return createSecretKey(Buffer.concat([decipher.update(bytes.subarray(1)), decipher.final()]));
  } catch {
    return undefined;
  }
}

/** HKDF-Expand (RFC 5869) to one block; `under` has the strength of a pseudorandom key already. */
function wrappingKey(under: KeyObject, place: KeyPlace): Buffer {
  const bucket = Buffer.alloc(4);
  bucket.writeUInt32BE(place.bucketId);
  return createHmac('sha256', under)
    .update('sealgate data key 1\0')
    .update(bucket)
    .update(place.key, 'utf8')
    .update('\u0001')
    .digest();
}
