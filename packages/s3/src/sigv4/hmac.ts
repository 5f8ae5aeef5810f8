import { hash } from 'node:crypto';

/** SHA-256 takes this many bytes at a time, and gives HASH_BYTES. */
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
/** Longer than all that signatures of requests and chunks cover; forms may be longer. */
const SCRATCH_BYTES = 4096;

/** A key of HMAC-SHA-256, ready for {@link hmacSha256}: the two blocks that every message begins with. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** @param key at most 64 bytes */
export function hmacKey(key: Uint8Array): HmacKey {
  if (key.length > BLOCK_BYTES) throw new RangeError('The key is longer than a block of SHA-256.');
  const pad = (byte: number): Uint8Array => {
    const block = new Uint8Array(BLOCK_BYTES).fill(byte);
    for (const [at, part] of key.entries()) block[at] = byte ^ part;
    return block;
  };
  return { inner: pad(0x36), outer: pad(0x5c) };
}

const scratch = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES);
const outerScratch = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/**
 * HMAC-SHA-256 of a text in UTF-8, in hex. As two hashes at one stroke, because a `Hmac` of Node is two objects of OpenSSL and a
 * stream, which cost more than the hashes do (ADR 60).
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export function hmacSha256(key: HmacKey, text: string): string {
  const fits = text.length * 3 <= SCRATCH_BYTES;
  const message = fits ? scratch : Buffer.alloc(BLOCK_BYTES + Buffer.byteLength(text));
  message.set(key.inner);
  const bytes = message.write(text, BLOCK_BYTES);
  outerScratch.set(key.outer);
  outerScratch.set(hash('sha256', message.subarray(0, BLOCK_BYTES + bytes), 'buffer'), BLOCK_BYTES);
  return hash('sha256', outerScratch, 'hex');
}
