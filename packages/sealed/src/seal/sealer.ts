import { sha256 } from '@noble/hashes/sha2.js';
import type { FloeSession } from '../floe/session.ts';
import { dataKeyBytes, sgo1Floe, startFloe } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { encodeHeader, encodePreamble } from '../format/header.ts';
import { envelopeIdBytes } from '../format/layout.ts';
import { defaultWindow, maxSegments } from '../format/limits.ts';
import { randomBytes } from '../format/random.ts';
import { bodyLength, plainPerSegment } from '../format/sizes.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import type { ObjectNames } from '../inspect/names.ts';
import type { RecipientKey } from '../keys/recipient-key.ts';
import type { Loan } from '../streams/buffer-pool.ts';
import { createPieceTaker, withLoan } from '../streams/buffer-pool.ts';
import { coalesce } from '../streams/coalesce.ts';
import { assertWindow, inOrder } from '../streams/in-order.ts';
import { toReadable } from '../streams/readable.ts';
import type { ByteInput, ByteSource } from '../streams/source.ts';
import { createByteSource } from '../streams/source.ts';
import { sealEnvelope } from './envelope.ts';

export interface SealerOptions {
  /** Public keys that can open the object; the first is the primary one. At most 16. */
  readonly recipients: readonly RecipientKey[];
  /** What the object is called; bound to the envelope, visible only to recipients. */
  readonly names: ObjectNames;
  /** Bytes of the plaintext, when known: the body's length is then known before its first byte. */
  readonly plaintextLength?: number | undefined;
  /** Segments sealed at once, 1 to 64; 8 by default. */
  readonly window?: number;
}

/** Seals one object, once. */
export interface Sealer {
  readonly envelope: ParsedEnvelope;
  /** The first 128 bytes of the body. */
  readonly header: Bytes;
  /** Undefined when the plaintext's length is. */
  readonly bodyLength: number | undefined;
  /**
   * The whole body, header first. Can be called once: a retry must send the ciphertext it has kept, because sealing
   * again would make another object under the same envelope.
   *
   * The stream fails with SealError `length-mismatch` when the plaintext is not as long as announced.
   * @throws SealError `invalid-argument` on a second call
   */
  seal(plaintext: ByteInput, options?: { readonly signal?: AbortSignal | undefined }): ReadableStream<Uint8Array>;
}

/**
 * Makes the data key, header and envelope of a new object. The data key is random, serves this object alone, and is
 * forgotten here.
 * @throws SealError `invalid-argument`, `limit-exceeded`, `random-failure`
 */
export async function createSealer(options: SealerOptions): Promise<Sealer> {
  const { recipients, names, plaintextLength, window = defaultWindow } = options;
  assertWindow(window);
  const length = plaintextLength === undefined ? undefined : bodyLength(plaintextLength);
  const envelopeId = randomBytes(envelopeIdBytes);
  const preamble = encodePreamble(envelopeId, plaintextLength);
  const dataKey = randomBytes(dataKeyBytes);
  try {
    const floe = await startFloe(dataKey, { params: sgo1Floe, aad: preamble });
    const header = encodeHeader(preamble, floe.header);
    const content = { dataKey, names, envelopeId, headerDigest: sha256(header) };
    const envelope = await sealEnvelope(content, recipients);
    let used = false;
    return {
      envelope,
      header,
      bodyLength: length,
      seal(plaintext, { signal } = {}) {
        if (used) throw new SealError('invalid-argument', 'A sealer seals one stream, once.');
        used = true;
        const source = createByteSource(plaintext);
        const body = sealBody({ source, header, session: floe.session, plaintextLength, window });
        return toReadable(coalesce(body), { source, signal });
      },
    };
  } finally {
    dataKey.fill(0);
  }
}

interface Job {
  readonly plaintext: Loan;
  readonly index: number;
  readonly last: boolean;
}

async function* sealBody(input: {
  source: ByteSource;
  header: Bytes;
  session: FloeSession;
  plaintextLength: number | undefined;
  window: number;
}): AsyncGenerator<readonly Bytes[], void, undefined> {
  yield [input.header];
  const jobs = cutPlaintext(input.source, input.plaintextLength);
  yield* inOrder(jobs, input.window, ({ plaintext, index, last }) =>
    withLoan(plaintext, (bytes) => input.session.sealSegment(bytes, { index, last })),
  );
}

/** Full segments until the input ends; the last one is empty only when everything is. */
async function* cutPlaintext(
  source: ByteSource,
  expected: number | undefined,
): AsyncGenerator<Job, undefined, undefined> {
  const takePiece = createPieceTaker(source, plainPerSegment());
  let total = 0;
  for (let index = 0, last = false; !last; index++) {
    if (index >= maxSegments) throw new SealError('limit-exceeded', 'The plaintext is too long.');
    const plaintext = await takePiece();
    last = await source.ended();
    total += plaintext.bytes.length;
    // Before the job is handed out: a body of the wrong length never gets its final segment.
    if (expected !== undefined && (last ? total !== expected : total >= expected))
      throw new SealError('length-mismatch');
    yield { plaintext, index, last };
  }
}
