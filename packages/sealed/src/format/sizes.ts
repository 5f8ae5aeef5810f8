import { SealError } from './codes.ts';
import type { BodyLayout } from './layout.ts';
import { segmentOverhead, sgo1 } from './layout.ts';
import { maxPlaintextBytes } from './limits.ts';

/** Plaintext bytes of a full segment: 65 504 in SGO1. */
export function plainPerSegment(layout: BodyLayout = sgo1): number {
  return layout.segmentBytes - segmentOverhead;
}

/** Number of segments of a plaintext of this length. There is always one, so that an empty object is authenticated too. */
export function segmentCount(plaintextLength: number, layout: BodyLayout = sgo1): number {
  assertPlaintextLength(plaintextLength);
  return Math.max(1, Math.ceil(plaintextLength / plainPerSegment(layout)));
}

/** Bytes of the sealed body of a plaintext of this length. */
export function bodyLength(plaintextLength: number, layout: BodyLayout = sgo1): number {
  return layout.headerBytes + plaintextLength + segmentOverhead * segmentCount(plaintextLength, layout);
}

/** The inverse of {@link bodyLength}; undefined when no plaintext has a body of this length. */
export function plaintextLengthOf(length: number, layout: BodyLayout = sgo1): number | undefined {
  const sealed = length - layout.headerBytes;
  if (!Number.isSafeInteger(sealed) || sealed < segmentOverhead) return undefined;
  const segments = Math.ceil(sealed / layout.segmentBytes);
  const final = sealed - layout.segmentBytes * (segments - 1);
  if (final < segmentOverhead || (final === segmentOverhead && segments > 1)) return undefined;
  const plaintext = sealed - segmentOverhead * segments;
  return plaintext <= maxPlaintextBytes ? plaintext : undefined;
}

/** Segments and body bytes that hold a plaintext range; all ends are exclusive. */
export interface SegmentSpan {
  readonly firstSegment: number;
  readonly endSegment: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Plaintext bytes of the first segment that lie before the range. */
  readonly skip: number;
}

/**
 * Where the plaintext bytes [start, end) lie in the body.
 * @throws SealError `range-not-satisfiable` unless 0 <= start < end <= plaintextLength.
 */
export function segmentSpan(
  range: { readonly start: number; readonly end: number },
  plaintextLength: number,
  layout: BodyLayout = sgo1,
): SegmentSpan {
  const { start, end } = range;
  const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end;
  if (!valid || end > plaintextLength) throw new SealError('range-not-satisfiable');
  const plain = plainPerSegment(layout);
  const firstSegment = Math.floor(start / plain);
  const endSegment = Math.floor((end - 1) / plain) + 1;
  return {
    firstSegment,
    endSegment,
    bodyStart: layout.headerBytes + layout.segmentBytes * firstSegment,
    bodyEnd: Math.min(layout.headerBytes + layout.segmentBytes * endSegment, bodyLength(plaintextLength, layout)),
    skip: start - firstSegment * plain,
  };
}

function assertPlaintextLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0) throw new SealError('invalid-argument', 'Length of the plaintext.');
  if (length > maxPlaintextBytes) throw new SealError('limit-exceeded', 'The plaintext is too long.');
}
