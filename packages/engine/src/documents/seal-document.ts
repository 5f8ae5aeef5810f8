import { createCipheriv } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { GeneralEncrypt } from 'jose';
import type { RandomBytes } from '../write/types.ts';
import {
  DOCUMENT_KEY_BYTES,
  DOCUMENT_MAGIC,
  DOCUMENT_SEGMENT_PLAIN_BYTES,
  DOCUMENT_SUITE,
  DOCUMENT_TYPE,
  DOCUMENT_VERSION,
  type DocumentPurpose,
  documentKeys,
  ENVELOPE_BYTES_MAX,
  PREAMBLE_BYTES,
  segmentNonce,
} from './format.ts';
import type { DocumentRecipient } from './recipients.ts';

/** As many as a key envelope of an object may have. */
const RECIPIENTS_MAX = 16;

export interface SealDocumentOptions {
  readonly purpose: DocumentPurpose;
  /** Each one can open it with its private key, nobody else. */
  readonly recipients: readonly DocumentRecipient[];
  /** For the document's key, which serves once. */
  readonly random: RandomBytes;
}

/**
 * Encrypts a stream of bytes to public keys, so that who seals cannot open. At most one segment is held, whatever
 * the pieces are. It ends with an authenticated last segment only when the stream ended: one that fails midway
 * leaves something that nobody opens.
 *
 * @throws Fault InternalError without a recipient, or with too many or two equal ones
 */
export async function* sealDocument(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: SealDocumentOptions,
): AsyncGenerator<Buffer> {
  const dataKey = options.random(DOCUMENT_KEY_BYTES);
  const head = await headOf(dataKey, options);
  const keys = documentKeys(dataKey, head);
  yield Buffer.concat([head, keys.commitment]);
  let index = 0;
  for await (const { pieces, last } of segmentsOf(content)) {
    const cipher = createCipheriv('aes-256-gcm', keys.segments, segmentNonce(index, last));
    const encrypted = pieces.map((piece) => cipher.update(piece));
    yield Buffer.concat([...encrypted, cipher.final(), cipher.getAuthTag()]);
    index += 1;
  }
}

/** A document that is held whole. */
export async function sealedDocument(content: Uint8Array, options: SealDocumentOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of sealDocument([content], options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function headOf(dataKey: Uint8Array, { purpose, recipients }: SealDocumentOptions): Promise<Buffer> {
  const distinct = new Set(recipients.map(({ keyId }) => keyId)).size;
  if (distinct === 0 || distinct !== recipients.length || distinct > RECIPIENTS_MAX) {
    throw new Fault('InternalError', `A sealed document has 1 to ${RECIPIENTS_MAX} different recipients.`);
  }
  const jwe = new GeneralEncrypt(dataKey).setProtectedHeader({
    enc: 'A256GCM',
    typ: DOCUMENT_TYPE,
    sg: { v: DOCUMENT_VERSION, purpose },
  });
  for (const { publicKey, alg, keyId } of recipients) {
    jwe.addRecipient(publicKey).setUnprotectedHeader({ alg, kid: keyId });
  }
  const envelope = Buffer.from(JSON.stringify(await jwe.encrypt()));
  if (envelope.length > ENVELOPE_BYTES_MAX) throw new Fault('InternalError', 'The envelope of a document is too long.');
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  DOCUMENT_MAGIC.copy(preamble);
  preamble.writeUInt8(DOCUMENT_VERSION, 8);
  preamble.writeUInt8(DOCUMENT_SUITE, 9);
  preamble.writeUInt32BE(envelope.length, 12);
  return Buffer.concat([preamble, envelope]);
}

interface Segment {
  readonly pieces: readonly Uint8Array[];
  readonly last: boolean;
}

/** Cuts the stream into segments, one byte of foresight: the last one is marked, and empty only when all is. */
async function* segmentsOf(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Segment> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      if (held === DOCUMENT_SEGMENT_PLAIN_BYTES) {
        yield { pieces, last: false };
        pieces = [];
        held = 0;
      }
      const piece = chunk.subarray(at, at + DOCUMENT_SEGMENT_PLAIN_BYTES - held);
      pieces.push(piece);
      held += piece.length;
      at += piece.length;
    }
  }
  yield { pieces, last: true };
}
