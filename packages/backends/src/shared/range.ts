import { Fault } from '@sealgate/core/faults';
import type { ByteRange } from '@sealgate/core/ports';

/**
 * The part of a blob of `totalBytes` that a read gives.
 * @throws Fault BackendCorrupt when the range starts behind the blob's end; ValidationFailed when it is none
 */
export function resolveRange(
  totalBytes: number,
  range?: ByteRange,
): { readonly start: number; readonly bytes: number } {
  if (range === undefined) return { start: 0, bytes: totalBytes };
  checkRange(range);
  if (range.start >= totalBytes) throw shortFault();
  return { start: range.start, bytes: Math.min(range.end, totalBytes - 1) - range.start + 1 };
}

/** @throws Fault ValidationFailed */
export function checkRange({ start, end }: ByteRange): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new Fault('ValidationFailed', 'A byte range runs from a start to an end that is not before it.');
  }
}

export function shortFault(cause?: unknown): Fault {
  return new Fault('BackendCorrupt', 'The stored copy is shorter than it should be.', { cause });
}
