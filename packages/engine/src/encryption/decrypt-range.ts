import type { KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { ByteRange } from '@sealgate/core/ports';
import { encryptedBytes, plainBytesOf, SEGMENT_BYTES, SEGMENT_PLAIN_BYTES, segmentCount, windowOf } from './layout.ts';
import { decryptSegment } from './segment.ts';

export interface EncryptedBlob {
  readonly dataKey: KeyObject;
  /** 0 for an object that was put whole. */
  readonly part: number;
  /** Of the plaintext. */
  readonly plainBytes: number;
}

/**
 * The plaintext `range` of an encrypted blob. Only the segments that hold it are read, and nothing of a segment goes out
 * before all of it is verified. At most one segment is held.
 *
 * @param read gives bytes of the blob
 * @throws Fault InternalError when a segment does not decrypt
 */
export async function* decryptRange(
  blob: EncryptedBlob,
  range: ByteRange,
  read: (stored: ByteRange) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { dataKey, part, plainBytes } = blob;
  const { first, last, stored } = windowOf(plainBytes, range);
  const final = segmentCount(plainBytes) - 1;
  let index = first;
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of read(stored)) {
    for (let at = 0; at < chunk.length; ) {
      const wanted = storedBytesOf(index, plainBytes);
      const piece = chunk.subarray(at, at + wanted - held);
      pieces.push(piece);
      at += piece.length;
      held += piece.length;
      if (held < wanted) continue;
      const plain = decryptSegment(dataKey, { part, index, last: index === final }, pieces);
      yield* within(plain, index * SEGMENT_PLAIN_BYTES, range);
      index += 1;
      pieces = [];
      held = 0;
    }
  }
  if (index !== last + 1 || held > 0)
    throw new Fault('InternalError', 'The stored bytes end before their last segment.');
}

/** True when a blob is as long as its plaintext's size says. */
export function hasEncryptedSize(storedBytes: number, plainBytes: number): boolean {
  return storedBytes === encryptedBytes(plainBytes);
}

function storedBytesOf(index: number, plainBytes: number): number {
  return SEGMENT_BYTES - SEGMENT_PLAIN_BYTES + plainBytesOf(index, plainBytes);
}

/** The pieces of `range` among bytes that begin at `offset`. */
function* within(pieces: readonly Buffer[], offset: number, range: ByteRange): Generator<Buffer> {
  let at = offset;
  for (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, range.start - at), Math.max(0, range.end - at + 1));
    at += piece.length;
    if (wanted.length > 0) yield wanted;
  }
}
