import { Fault } from '@sealgate/core/faults';

/** A Range header before the object's size is known. */
export type RequestedRange =
  | { readonly kind: 'from'; readonly start: number; readonly end: number | undefined }
  | { readonly kind: 'suffix'; readonly bytes: number };

export interface ResolvedRange {
  /** The first byte, from 0. */
  readonly start: number;
  /** The last byte, included. */
  readonly end: number;
}

const RANGE = /^bytes=(\d*)-(\d*)$/i;

/**
 * Parses a Range header. What RFC 9110 tells a server to ignore is undefined and means the whole object: another unit,
 * bad syntax, an end before the start. S3 treats several ranges in the same way.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export function parseRange(header: string | undefined): RequestedRange | undefined {
  const match = header === undefined ? null : RANGE.exec(header.trim());
  if (match === null) return undefined;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first === '') return last === '' ? undefined : { kind: 'suffix', bytes: clamp(last) };
  const start = clamp(first);
  const end = last === '' ? undefined : clamp(last);
  return end !== undefined && end < start ? undefined : { kind: 'from', start, end };
}

/** No object is larger than what a number holds exactly, so a larger bound is that. */
function clamp(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/**
 * The bytes of an object that a range means.
 * @throws Fault InvalidRange when it has none of them.
 */
export function resolveRange(range: RequestedRange, totalBytes: number): ResolvedRange {
  const start = range.kind === 'suffix' ? Math.max(0, totalBytes - range.bytes) : range.start;
  const end = range.kind === 'suffix' ? totalBytes - 1 : Math.min(range.end ?? totalBytes - 1, totalBytes - 1);
  if (start > end || (range.kind === 'suffix' && range.bytes === 0)) {
    throw new Fault('InvalidRange', 'The requested range is not satisfiable', {
      detail: { RangeRequested: formatRange(range), ActualObjectSize: totalBytes },
    });
  }
  return { start, end };
}

/** The header form of a range, for a request to a backend. */
export function formatRange(range: RequestedRange): string {
  return range.kind === 'suffix' ? `bytes=-${range.bytes}` : `bytes=${range.start}-${range.end ?? ''}`;
}

export function formatContentRange(range: ResolvedRange, totalBytes: number): string {
  return `bytes ${range.start}-${range.end}/${totalBytes}`;
}

const COPY_RANGE = /^bytes=(\d+)-(\d+)$/;

/**
 * Parses `x-amz-copy-source-range`, which S3 wants with both ends.
 * @throws Fault InvalidArgument
 */
export function parseCopySourceRange(header: string): ResolvedRange {
  const match = COPY_RANGE.exec(header);
  const [start, end] = [clamp(match?.[1] ?? '0'), clamp(match?.[2] ?? '0')];
  if (match === null || end < start) {
    throw new Fault(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      { detail: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header } },
    );
  }
  return { start, end };
}

/**
 * The copied bytes of a source of `totalBytes`.
 * @throws Fault InvalidRange when the range goes past its end (S3 does not cut it there).
 */
export function checkCopySourceRange(range: ResolvedRange, totalBytes: number): ResolvedRange {
  if (range.end < totalBytes) return range;
  throw new Fault('InvalidRange', `Range specified is not valid for source object of size: ${totalBytes}`, {
    detail: { RangeRequested: `bytes=${range.start}-${range.end}`, ActualObjectSize: totalBytes },
  });
}
