import { Fault } from '@sealgate/core/faults';

/** A range of plaintext bytes as HTTP counts: both ends included, or the last so many. */
export type ByteRange = { readonly first: number; readonly last?: number | undefined } | { readonly suffix: number };

const RANGE = /^(?<first>\d{1,16})?-(?<last>\d{1,16})?$/;

/**
 * Reads `A-B`, `A-` or `-N`.
 * @throws Fault InvalidArgument
 */
export function parseByteRange(text: string): ByteRange {
  const { first, last } = RANGE.exec(text)?.groups ?? {};
  const range =
    first !== undefined
      ? { first: Number(first), last: last === undefined ? undefined : Number(last) }
      : last !== undefined
        ? { suffix: Number(last) }
        : undefined;
  if (range === undefined || ('first' in range && range.last !== undefined && range.last < range.first)) {
    throw new Fault('InvalidArgument', 'A range is A-B, A- or -N: bytes from A to B, from A on, or the last N.');
  }
  return range;
}

/**
 * The range within a plaintext of `length` bytes, its end exclusive (RFC 9110, 14.1.2).
 * @throws Fault InvalidRange when no byte of it exists
 */
export function resolveByteRange(range: ByteRange, length: number): { readonly start: number; readonly end: number } {
  const start = 'suffix' in range ? Math.max(0, length - range.suffix) : range.first;
  const end = 'suffix' in range || range.last === undefined ? length : Math.min(length, range.last + 1);
  if (start >= end) {
    throw new Fault('InvalidRange', `The object has ${length} bytes: none of them is in the range.`);
  }
  return { start, end };
}
