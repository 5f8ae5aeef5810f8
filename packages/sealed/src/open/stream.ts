import type { FloeSession } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { segmentOverhead, sgo1 } from '../format/layout.ts';
import { defaultWindow, maxSegments } from '../format/limits.ts';
import { bodyLength, plaintextLengthOf, segmentCount } from '../format/sizes.ts';
import type { Loan } from '../streams/buffer-pool.ts';
import { createPieceTaker, withLoan } from '../streams/buffer-pool.ts';
import { assertWindow, inOrder } from '../streams/in-order.ts';
import { toReadable } from '../streams/readable.ts';
import type { ByteInput, ByteSource } from '../streams/source.ts';
import { createByteSource } from '../streams/source.ts';
import type { OpenOptions } from './body.ts';
import { openHeader } from './body.ts';

export interface OpenedStream {
  /** Undefined when neither the header nor the storage says how long the object is. */
  readonly plaintextLength: number | undefined;
  /**
   * The plaintext. Each chunk was authenticated before it is handed out; the end is reached only when the final segment
   * was too. A consumer must not use what it got before a failure as if it were the object.
   */
  readonly plaintext: ReadableStream<Uint8Array>;
}

/**
 * Opens a whole body. Resolves when header, envelope and key fit together; then the segments follow.
 *
 * Errors of the returned stream: `corrupt`, `malformed-body`, `truncated`, `trailing-bytes`, `length-mismatch`.
 * @throws SealError `not-sealed`, `unsupported`, `malformed-header`, `envelope-mismatch`, `wrong-key`,
 *   `not-for-this-object`, `length-mismatch`, `truncated`, and those of parseEnvelope
 */
export async function openStream(body: ByteInput, options: OpenOptions): Promise<OpenedStream> {
  const window = options.window ?? defaultWindow;
  assertWindow(window);
  const source = createByteSource(body);
  try {
    options.signal?.throwIfAborted();
    const header = await source.take(sgo1.headerBytes);
    if (header.length > 0 && header.length < sgo1.headerBytes) throw new SealError('truncated');
    const { plaintextLength, session } = await openHeader(header, options);
    const length = agreeOnLength(plaintextLength, options.bodyLength);
    const segments = openSegments({ source, session, plaintextLength: length, window });
    return { plaintextLength: length, plaintext: toReadable(segments, { source, signal: options.signal }) };
  } catch (error) {
    // The first failure is what the caller must see.
    await source.cancel(error).catch(() => undefined);
    throw error;
  }
}

/**
 * The plaintext's length from the authenticated header and the storage's word, which must not contradict each other.
 * @throws SealError `length-mismatch`
 */
export function agreeOnLength(declared: number | undefined, length: number | undefined): number | undefined {
  if (length === undefined) return declared;
  const derived = plaintextLengthOf(length);
  if (derived === undefined || (declared !== undefined && bodyLength(declared) !== length)) {
    throw new SealError('length-mismatch');
  }
  return derived;
}

interface Job {
  readonly segment: Loan;
  readonly index: number;
  readonly last: boolean;
}

async function* openSegments(input: {
  source: ByteSource;
  session: FloeSession;
  plaintextLength: number | undefined;
  window: number;
}): AsyncGenerator<Uint8Array, void, undefined> {
  const jobs = cutSegments(input.source, input.plaintextLength);
  const opened = inOrder(jobs, input.window, ({ segment, index, last }) =>
    withLoan(segment, (bytes) => input.session.openSegment(bytes, { index, last })),
  );
  for await (const plaintext of opened) {
    if (plaintext.length > 0) yield plaintext;
  }
}

/** The end of the stream decides which segment is the last; a known length must agree before that one is opened. */
async function* cutSegments(
  source: ByteSource,
  expected: number | undefined,
): AsyncGenerator<Job, undefined, undefined> {
  const count = expected === undefined ? undefined : segmentCount(expected);
  const takePiece = createPieceTaker(source, sgo1.segmentBytes);
  let total = 0;
  for (let index = 0, last = false; !last; index++) {
    if (index >= maxSegments) throw new SealError('limit-exceeded');
    const segment = await takePiece();
    last = await source.ended();
    total += segment.bytes.length - segmentOverhead;
    if (last) assertPlausibleEnd(segment.bytes, index);
    if (count !== undefined && expected !== undefined) {
      if (last && total < expected) throw new SealError('truncated');
      if ((!last && index >= count - 1) || total > expected) throw new SealError('trailing-bytes');
    }
    yield { segment, index, last };
  }
}

/** Tells a cut or prolonged body from a damaged one where the sizes alone show it. */
function assertPlausibleEnd(segment: Bytes, index: number): void {
  if (segment.length < segmentOverhead || (segment.length === segmentOverhead && index > 0))
    throw new SealError('truncated');
  const marker = new DataView(segment.buffer, segment.byteOffset, 4).getUint32(0);
  if (marker > segment.length) throw new SealError('truncated');
  if (marker >= segmentOverhead && marker < segment.length) throw new SealError('trailing-bytes');
}
