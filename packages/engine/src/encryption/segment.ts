import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { IV_BYTES, TAG_BYTES } from './layout.ts';

/** Where a segment belongs. All of it is authenticated: no segment passes for another one. */
export interface SegmentPlace {
  /** 0 for an object that was put whole, else the part's number. */
  readonly part: number;
  /** From 0, within the object or part. */
  readonly index: number;
  readonly last: boolean;
}

const FORMAT_VERSION = 1;
const ALGORITHM = 'aes-256-gcm';

/** `iv || ciphertext || tag` in one piece. */
export function encryptSegment(
  dataKey: KeyObject,
  place: SegmentPlace,
  plain: { readonly pieces: readonly Uint8Array[]; readonly iv: Uint8Array },
): Buffer {
  const cipher = createCipheriv(ALGORITHM, dataKey, plain.iv).setAAD(additionalData(place));
  const encrypted = plain.pieces.map((piece) => cipher.update(piece));
  return Buffer.concat([plain.iv, ...encrypted, cipher.final(), cipher.getAuthTag()]);
}

/**
 * The plaintext of a segment, given in pieces, in as many.
 * @throws Fault InternalError when the bytes, their place or the key are not what they were
 */
export function decryptSegment(dataKey: KeyObject, place: SegmentPlace, stored: readonly Buffer[]): readonly Buffer[] {
  const bytes = stored.reduce((sum, piece) => sum + piece.length, 0);
  const [iv, behind] = split(stored, IV_BYTES);
  const [encrypted, tag] = split(behind, bytes - IV_BYTES - TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, dataKey, joined(iv), { authTagLength: TAG_BYTES })
    .setAAD(additionalData(place))
    .setAuthTag(joined(tag));
  const plain = encrypted.map((piece) => decipher.update(piece));
  try {
    // Nothing of a segment goes out before its tag was right.
    decipher.final();
  } catch (cause) {
    throw new Fault('InternalError', 'The stored bytes cannot be decrypted.', { cause });
  }
  return plain;
}

function additionalData(place: SegmentPlace): Buffer {
  const data = Buffer.allocUnsafe(8);
  data.writeUInt8(FORMAT_VERSION, 0);
  data.writeUInt16BE(place.part, 1);
  data.writeUInt32BE(place.index, 3);
  data.writeUInt8(place.last ? 1 : 0, 7);
  return data;
}

/** The first `bytes` bytes, and what is behind them. No byte is copied. */
function split(pieces: readonly Buffer[], bytes: number): readonly [Buffer[], Buffer[]] {
  const front: Buffer[] = [];
  const behind: Buffer[] = [];
  let left = bytes;
  for (const piece of pieces) {
    if (left > 0) front.push(piece.subarray(0, left));
    if (piece.length > left) behind.push(piece.subarray(Math.max(0, left)));
    left -= piece.length;
  }
  return [front, behind];
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
