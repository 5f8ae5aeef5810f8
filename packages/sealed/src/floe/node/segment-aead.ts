import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Bytes } from '../../format/bytes.ts';
import { segmentTagBytes } from '../../format/layout.ts';
import type { ImportSegmentKey } from '../segment-aead.ts';

const cipher = 'aes-256-gcm';
const options = { authTagLength: segmentTagBytes } as const;
/** 1 MiB of full segments, about a millisecond: then timers and sockets get their turn. */
const segmentsPerTurn = 16;

/**
 * The same cipher as WebCrypto's through OpenSSL directly. A segment takes some 50 microseconds, less than what WebCrypto
 * adds to it for its job, its copies and the hop to a thread and back (docs/spec/sealed-objects.md, "Speed").
 */
export const importSegmentKey: ImportSegmentKey = (rawKey) => {
  const key = createSecretKey(rawKey);
  let worked = 0;
  const breathe = (): Promise<void> | undefined => (++worked % segmentsPerTurn === 0 ? setImmediate() : undefined);
  return Promise.resolve({
    async seal(plaintext, { iv, aad }) {
      await breathe();
      const gcm = createCipheriv(cipher, key, iv, options).setAAD(aad);
      const ciphertext = gcm.update(plaintext);
      gcm.final(); // GCM has no padding: always empty
      return [plain(ciphertext), plain(gcm.getAuthTag())];
    },
    async open(sealed, { iv, aad }) {
      await breathe();
      const ciphertextLength = sealed.length - segmentTagBytes;
      const gcm = createDecipheriv(cipher, key, iv, options).setAAD(aad);
      gcm.setAuthTag(sealed.subarray(ciphertextLength));
      const plaintext = gcm.update(sealed.subarray(0, ciphertextLength));
      gcm.final(); // throws unless authentic: only then does the plaintext leave this function
      return plain(plaintext);
    },
  });
};

/** A plain Uint8Array as everywhere else: a Buffer's slice, say, shares memory where the others' copies. */
function plain(buffer: Buffer<ArrayBuffer>): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
