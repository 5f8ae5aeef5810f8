import { Fault } from '@sealgate/core/faults';
import type { ByteRange } from '@sealgate/core/ports';

/** Bytes of a whole segment as it lies on a backend. Blocks of a digest list are multiples of it, so segments never straddle them. */
export const SEGMENT_BYTES = 65_536;
export const IV_BYTES = 12;
export const TAG_BYTES = 16;
const OVERHEAD_BYTES = IV_BYTES + TAG_BYTES;
/** Plaintext of a whole segment. */
export const SEGMENT_PLAIN_BYTES = SEGMENT_BYTES - OVERHEAD_BYTES;
/** Segments are counted in 32 bits; a part has 5 GiB at most, which are 82 000. */
const SEGMENTS_MAX = 2 ** 32;

/** Segments of a body of so many plaintext bytes. An empty body has one, so that there is something to verify. */
export function segmentCount(plainBytes: number): number {
  const count = Math.max(1, Math.ceil(plainBytes / SEGMENT_PLAIN_BYTES));
  if (count > SEGMENTS_MAX) throw new Fault('InternalError', 'The body has more segments than can be counted.');
  return count;
}

/** Bytes that a body has once it is encrypted. */
export function encryptedBytes(plainBytes: number): number {
  return plainBytes + OVERHEAD_BYTES * segmentCount(plainBytes);
}

/** Which segments hold a range of plaintext, and where they lie. */
export interface SegmentWindow {
  readonly first: number;
  readonly last: number;
  /** The bytes of these segments in the blob. */
  readonly stored: ByteRange;
}

/** @param range inside the plaintext, both ends included */
export function windowOf(plainBytes: number, range: ByteRange): SegmentWindow {
  const first = Math.floor(range.start / SEGMENT_PLAIN_BYTES);
  const last = Math.floor(range.end / SEGMENT_PLAIN_BYTES);
  const end = Math.min((last + 1) * SEGMENT_BYTES, encryptedBytes(plainBytes)) - 1;
  return { first, last, stored: { start: first * SEGMENT_BYTES, end } };
}

/** Plaintext bytes of one segment. */
export function plainBytesOf(index: number, plainBytes: number): number {
  return Math.min(SEGMENT_PLAIN_BYTES, plainBytes - index * SEGMENT_PLAIN_BYTES);
}
