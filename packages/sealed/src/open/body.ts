import type { FloeSession } from '../floe/session.ts';
import { resumeFloe, sgo1Floe } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { decodeHeader } from '../format/header.ts';
import type { ObjectNames } from '../inspect/names.ts';
import type { OpeningKey } from '../keys/recipient-key.ts';
import type { EnvelopeInput } from './envelope.ts';
import { assertEnvelopeFitsBody, openEnvelope, readEnvelope } from './envelope.ts';

export interface OpenOptions {
  readonly envelope: EnvelopeInput;
  /** Private keys to try, by key id. */
  readonly keys: readonly OpeningKey[];
  /** What was asked for. An envelope for anything else is refused. */
  readonly names: ObjectNames;
  /** Bytes of the whole body as the storage reports them, when known. */
  readonly bodyLength?: number | undefined;
  /** Segments opened at once, 1 to 64; 8 by default. */
  readonly window?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedHeader {
  /** What the header says; authenticated, but undefined when the writer did not know. */
  readonly plaintextLength: number | undefined;
  readonly session: FloeSession;
}

/** Reads and authenticates the first 128 bytes with the envelope that belongs to them. */
export async function openHeader(bytes: Bytes, options: OpenOptions): Promise<OpenedHeader> {
  const header = decodeHeader(bytes);
  const envelope = readEnvelope(options.envelope);
  // Public and cheap: an envelope of another body costs no private key operation.
  assertEnvelopeFitsBody(envelope, { bytes, envelopeId: header.envelopeId });
  const { dataKey } = await openEnvelope(envelope, options);
  try {
    const session = await resumeFloe(dataKey, { params: sgo1Floe, aad: header.preamble, header: header.floeHeader });
    return { plaintextLength: header.plaintextLength, session };
  } finally {
    dataKey.fill(0);
  }
}
