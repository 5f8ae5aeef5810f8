import { resumeFloe, sgo1Floe } from '../floe/session.ts';
import { SealError } from '../format/codes.ts';
import { decodeHeader } from '../format/header.ts';
import { sgo1 } from '../format/layout.ts';
import { defaultWindow } from '../format/limits.ts';
import { bodyLength, plainPerSegment, segmentCount } from '../format/sizes.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import type { ObjectNames } from '../inspect/names.ts';
import type { OpeningKey } from '../keys/recipient-key.ts';
import type { EnvelopeInput } from '../open/envelope.ts';
import { assertEnvelopeFitsBody, openEnvelope } from '../open/envelope.ts';
import { createPieceTaker, withLoan } from '../streams/buffer-pool.ts';
import { coalesce } from '../streams/coalesce.ts';
import { assertWindow, inOrder } from '../streams/in-order.ts';
import { toReadable } from '../streams/readable.ts';
import type { ByteInput } from '../streams/source.ts';
import { createByteSource } from '../streams/source.ts';

export interface ResumeOptions {
  readonly envelope: EnvelopeInput;
  /** The 128-byte header that was already sent. */
  readonly header: Uint8Array;
  /** A private key of one of the recipients: the data key is nowhere but in the envelope. */
  readonly keys: readonly OpeningKey[];
  readonly names: ObjectNames;
  /** Segments sealed at once, 1 to 64; 8 by default. */
  readonly window?: number;
}

/** The rest of a body whose first part has been stored. */
export interface ResumedSealer {
  readonly envelope: ParsedEnvelope;
  readonly plaintextLength: number;
  readonly bodyLength: number;
  /** Where the plaintext of a segment begins; the length of the whole when there is no such segment. */
  plaintextOffset(segment: number): number;
  /**
   * Seals from segment `segment` on; empty when there is none. Every segment gets a new random IV, so no (key, IV) pair
   * is used twice, whatever `plaintext` holds. It should still be what follows the plaintext of the stored part: who
   * holds two different ciphertexts of one position can exchange them unnoticed.
   *
   * The stream fails with SealError `length-mismatch` when the plaintext is not exactly the rest.
   */
  sealFrom(
    segment: number,
    plaintext: ByteInput,
    options?: { readonly signal?: AbortSignal | undefined },
  ): ReadableStream<Uint8Array>;
}

/**
 * Continues an interrupted upload. Nothing secret had to be kept for it: header and envelope were sent in the clear.
 * @throws SealError `invalid-argument` when the header does not say how long the plaintext is; `wrong-key`,
 *   `not-for-this-object`, `envelope-mismatch`, and those of a malformed header or envelope
 */
export async function resumeSealer(options: ResumeOptions): Promise<ResumedSealer> {
  const { window = defaultWindow } = options;
  assertWindow(window);
  const bytes = new Uint8Array(options.header);
  const header = decodeHeader(bytes);
  const { plaintextLength } = header;
  if (plaintextLength === undefined) {
    throw new SealError('invalid-argument', 'A body of unknown length cannot be resumed.');
  }
  const { envelope, dataKey } = await openEnvelope(options.envelope, options);
  try {
    assertEnvelopeFitsBody(envelope, { bytes, envelopeId: header.envelopeId });
    const session = await resumeFloe(dataKey, { params: sgo1Floe, aad: header.preamble, header: header.floeHeader });
    const offsetOf = (segment: number): number => Math.min(segment * plainPerSegment(sgo1), plaintextLength);
    return {
      envelope,
      plaintextLength,
      bodyLength: bodyLength(plaintextLength),
      plaintextOffset: offsetOf,
      sealFrom(segment, plaintext, { signal } = {}) {
        const source = createByteSource(plaintext);
        const jobs = cutRest({ source, segment, count: segmentCount(plaintextLength), offsetOf });
        const sealed = inOrder(jobs, window, (job) =>
          withLoan(job.plaintext, (bytes) => session.sealSegment(bytes, { index: job.index, last: job.last })),
        );
        return toReadable(coalesce(sealed), { source, signal });
      },
    };
  } finally {
    dataKey.fill(0);
  }
}

async function* cutRest(input: {
  source: ReturnType<typeof createByteSource>;
  segment: number;
  count: number;
  offsetOf: (segment: number) => number;
}) {
  const { source, count, offsetOf } = input;
  const takePiece = createPieceTaker(source, plainPerSegment());
  for (let index = input.segment; index < count; index++) {
    const length = offsetOf(index + 1) - offsetOf(index);
    const plaintext = await takePiece(length);
    if (plaintext.bytes.length !== length) throw new SealError('length-mismatch');
    const last = index === count - 1;
    // Before the final segment is handed out: a body of the wrong length never gets one.
    if (last && !(await source.ended())) throw new SealError('length-mismatch');
    yield { plaintext, index, last };
  }
}
