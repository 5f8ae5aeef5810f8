import type { FloeSession } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { concat } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { sgo1 } from '../format/layout.ts';
import { defaultWindow, rangeRunBytes } from '../format/limits.ts';
import type { SegmentSpan } from '../format/sizes.ts';
import { segmentCount, segmentSpan } from '../format/sizes.ts';
import { assertWindow, inOrder } from '../streams/in-order.ts';
import { toReadable } from '../streams/readable.ts';
import type { OpenOptions } from './body.ts';
import { openHeader } from './body.ts';
import { agreeOnLength } from './stream.ts';

/** Reads the body's bytes [start, end). A shorter answer is refused as `truncated`, a longer one as `trailing-bytes`. */
export type FetchRange = (start: number, endExclusive: number, signal: AbortSignal | undefined) => Promise<Uint8Array>;

/** Random access to the plaintext of one sealed object. */
export interface RangeReader {
  readonly plaintextLength: number;
  /**
   * The plaintext bytes [start, end), as they are authenticated.
   * @throws SealError `range-not-satisfiable`
   */
  stream(start: number, endExclusive: number, options?: { readonly signal?: AbortSignal }): ReadableStream<Uint8Array>;
  /** The same in one piece. @throws SealError `range-not-satisfiable`, `corrupt`, `truncated` and the like */
  read(start: number, endExclusive: number, options?: { readonly signal?: AbortSignal }): Promise<Bytes>;
}

/**
 * Opens a body for reading ranges. Fetches the header and the final segment and authenticates both: the final segment
 * proves the length, so that a truncation cannot hide outside of the ranges that are read later.
 *
 * Memory of a range: at most two runs of 8 MiB and the window, whatever the range's length.
 * @throws SealError as openStream
 */
export async function openRanges(
  fetchRange: FetchRange,
  options: OpenOptions & { readonly bodyLength: number },
): Promise<RangeReader> {
  const window = options.window ?? defaultWindow;
  assertWindow(window);
  const plausible = agreeOnLength(undefined, options.bodyLength) ?? 0;
  const fetchExactly = exactly(fetchRange);
  const count = segmentCount(plausible);
  const finalAt = sgo1.headerBytes + sgo1.segmentBytes * (count - 1);
  const [header, finalSegment] = await Promise.all([
    fetchExactly(0, sgo1.headerBytes, options.signal),
    fetchExactly(finalAt, options.bodyLength, options.signal),
  ]);
  const { plaintextLength: declared, session } = await openHeader(header, options);
  const plaintextLength = agreeOnLength(declared, options.bodyLength) ?? plausible;
  const finalPlaintext = await session.openSegment(finalSegment, { index: count - 1, last: true });

  const context = { fetchExactly, session, window, finalIndex: count - 1, finalPlaintext };
  const stream: RangeReader['stream'] = (start, end, { signal } = {}) => {
    const span = segmentSpan({ start, end }, plaintextLength);
    const controller = new AbortController();
    const either = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
    const plaintext = readSpan({ ...context, span, length: end - start, signal: either });
    const source = {
      cancel(reason?: unknown) {
        controller.abort(reason);
        return Promise.resolve();
      },
    };
    return toReadable(plaintext, { source, signal });
  };
  return {
    plaintextLength,
    stream,
    async read(start, end, readOptions) {
      const reader = stream(start, end, readOptions).getReader();
      const pieces: Uint8Array[] = [];
      for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
      return concat(...pieces);
    },
  };
}

type FetchExactly = (start: number, end: number, signal: AbortSignal | undefined) => Promise<Bytes>;

function exactly(fetchRange: FetchRange): FetchExactly {
  return async (start, end, signal) => {
    const bytes = await fetchRange(start, end, signal);
    if (bytes.length < end - start) throw new SealError('truncated');
    if (bytes.length > end - start) throw new SealError('trailing-bytes');
    return bytes as Bytes;
  };
}

interface SpanContext {
  readonly fetchExactly: FetchExactly;
  readonly session: FloeSession;
  readonly window: number;
  readonly finalIndex: number;
  /** Kept from opening: a range that reaches the end does not fetch it again. */
  readonly finalPlaintext: Bytes;
  readonly span: SegmentSpan;
  readonly length: number;
  readonly signal: AbortSignal;
}

interface Job {
  readonly segment: Bytes;
  readonly index: number;
}

async function* readSpan(context: SpanContext): AsyncGenerator<Uint8Array, void, undefined> {
  let remaining = context.length;
  let skip = context.span.skip;
  for await (const plaintext of openSpan(context)) {
    const piece = plaintext.subarray(skip, skip + remaining);
    skip = 0;
    remaining -= piece.length;
    yield piece;
  }
}

async function* openSpan(context: SpanContext): AsyncGenerator<Bytes, void, undefined> {
  const { session, window, span, finalIndex } = context;
  yield* inOrder(fetchSegments(context), window, ({ segment, index }: Job) =>
    session.openSegment(segment, { index, last: false }),
  );
  if (span.endSegment > finalIndex) yield context.finalPlaintext;
}

/** Fetches runs of segments before the final one, one run ahead of what is being opened. */
async function* fetchSegments(context: SpanContext): AsyncGenerator<Job, undefined, undefined> {
  const { span, finalIndex } = context;
  const end = Math.min(span.bodyEnd, sgo1.headerBytes + sgo1.segmentBytes * finalIndex);
  const fetchRun = (start: number): Promise<Bytes> | undefined => {
    if (start >= end) return undefined;
    const fetched = context.fetchExactly(start, Math.min(start + rangeRunBytes, end), context.signal);
    fetched.catch(() => undefined); // awaited below, perhaps after an earlier run has failed
    return fetched;
  };
  let index = span.firstSegment;
  let ahead = fetchRun(span.bodyStart);
  for (let start = span.bodyStart; ahead !== undefined; start += rangeRunBytes) {
    const bytes = await ahead;
    ahead = fetchRun(start + rangeRunBytes);
    for (let at = 0; at < bytes.length; at += sgo1.segmentBytes, index++) {
      yield { segment: bytes.subarray(at, at + sgo1.segmentBytes), index };
    }
  }
  return undefined;
}
