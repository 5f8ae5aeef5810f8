import { createDecipheriv } from 'node:crypto';
import {
  COMMITMENT_BYTES,
  DOCUMENT_KEY_BYTES,
  DOCUMENT_MAGIC,
  DOCUMENT_SEGMENT_BYTES,
  DOCUMENT_SUITE,
  DOCUMENT_TAG_BYTES,
  DOCUMENT_TYPE,
  DOCUMENT_VERSION,
  type DocumentPurpose,
  documentKeys,
  ENVELOPE_BYTES_MAX,
  isCommitment,
  PREAMBLE_BYTES,
  segmentNonce,
} from '@sealgate/engine/documents';
import type { OpeningKey } from '@sealgate/sealed/keys';
import { decodeProtectedHeader, type FlattenedJWE, flattenedDecrypt, type GeneralJWE } from 'jose';
import { isJsonObject } from '../files/json.ts';

/**
 * `damaged`: it is not what was sealed, or no document at all. `not-for-these-keys`: none of the keys is a recipient's.
 * `not-signed`: not by a key that must have signed it.
 */
export type DocumentProblem = 'damaged' | 'not-for-these-keys' | 'not-signed';

export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly problem: DocumentProblem;

  constructor(problem: DocumentProblem, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.problem = problem;
  }
}

/** Gives the private key of a recipient, or undefined when it is not at hand. */
export type FindKey = (keyId: string) => Promise<OpeningKey | undefined>;

/**
 * The content of a sealed document (docs/spec/sealed-documents.md), each piece authenticated before it is given out.
 * That the document is whole is known when the iteration ends without an error, not before.
 *
 * @throws DocumentError
 */
export async function* openDocument(
  stored: AsyncIterable<Uint8Array>,
  options: { readonly purpose: DocumentPurpose; readonly findKey: FindKey },
): AsyncGenerator<Buffer> {
  const reader = createReader(stored);
  const preamble = await reader.exactly(PREAMBLE_BYTES);
  const envelopeBytes = checkPreamble(preamble);
  const envelope = await reader.exactly(envelopeBytes);
  const dataKey = await openEnvelope(envelope, options);
  const keys = documentKeys(dataKey, Buffer.concat([preamble, envelope]));
  dataKey.fill(0);
  // Before any segment: GCM by itself can be made to decrypt under two keys, the commitment cannot.
  if (!isCommitment(keys, await reader.exactly(COMMITMENT_BYTES))) throw damaged('The key does not fit.');
  for (let index = 0, last = false; !last; index += 1) {
    const segment = await reader.upTo(DOCUMENT_SEGMENT_BYTES);
    // Which segment is the last one is said by the end of the stream, never found by trying.
    last = await reader.ended();
    if (last && index > 0 && segment.length === DOCUMENT_TAG_BYTES) throw damaged('It was cut.');
    yield decryptSegment(keys.segments, segment, segmentNonce(index, last));
  }
}

function decryptSegment(key: Buffer, segment: Buffer, nonce: Buffer): Buffer {
  const end = segment.length - DOCUMENT_TAG_BYTES;
  if (end < 0) throw damaged('It was cut.');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: DOCUMENT_TAG_BYTES });
  decipher.setAuthTag(segment.subarray(end));
  const plain = decipher.update(segment.subarray(0, end));
  try {
    decipher.final();
  } catch (cause) {
    throw damaged('A segment was changed, moved or cut.', cause);
  }
  return plain;
}

function checkPreamble(preamble: Buffer): number {
  const known =
    preamble.subarray(0, 8).equals(DOCUMENT_MAGIC) &&
    preamble[8] === DOCUMENT_VERSION &&
    preamble[9] === DOCUMENT_SUITE &&
    preamble.readUInt16BE(10) === 0;
  const bytes = preamble.readUInt32BE(12);
  if (!known || bytes === 0 || bytes > ENVELOPE_BYTES_MAX)
    throw damaged('It is no sealed document of a known version.');
  return bytes;
}

async function openEnvelope(
  bytes: Buffer,
  { purpose, findKey }: { readonly purpose: DocumentPurpose; readonly findKey: FindKey },
): Promise<Uint8Array> {
  const jwe = parseEnvelope(bytes, purpose);
  for (const recipient of jwe.recipients) {
    const keyId = recipient.header?.kid;
    const key = typeof keyId === 'string' ? await findKey(keyId) : undefined;
    if (key === undefined) continue;
    const { recipients: _, ...shared } = jwe;
    const flat: FlattenedJWE = { ...shared, ...recipient };
    return await decryptKey(flat, key);
  }
  throw new DocumentError('not-for-these-keys', 'It is sealed to other keys than those at hand.');
}

async function decryptKey(jwe: FlattenedJWE, key: OpeningKey): Promise<Uint8Array> {
  try {
    // The algorithm is the key's, not the one that the message names.
    const { plaintext } = await flattenedDecrypt(jwe, key.privateKey, {
      keyManagementAlgorithms: [key.keyAlg],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    if (plaintext.length === DOCUMENT_KEY_BYTES) return plaintext;
  } catch (cause) {
    throw damaged('Its key cannot be opened.', cause);
  }
  throw damaged('Its key has another length.');
}

function parseEnvelope(bytes: Buffer, purpose: DocumentPurpose): GeneralJWE {
  let jwe: GeneralJWE;
  let facts: unknown;
  try {
    jwe = JSON.parse(bytes.toString('utf8')) as GeneralJWE;
    if (!Array.isArray(jwe.recipients)) throw new SyntaxError('no recipients');
    const header = decodeProtectedHeader(jwe);
    facts = header.typ === DOCUMENT_TYPE ? header['sg'] : undefined;
  } catch (cause) {
    throw damaged('Its envelope cannot be read.', cause);
  }
  if (!isJsonObject(facts) || facts['v'] !== DOCUMENT_VERSION) throw damaged('Its envelope is of an unknown version.');
  if (facts['purpose'] !== purpose) throw damaged('It was made for another purpose.');
  return jwe;
}

function damaged(message: string, cause?: unknown): DocumentError {
  return new DocumentError('damaged', message, { cause });
}

/** Takes a stream apart in lengths that the reader chooses. Holds one piece of the stream and what was asked for. */
function createReader(stored: AsyncIterable<Uint8Array>) {
  const iterator = stored[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      rest = next.value;
    }
    return true;
  };
  const upTo = async (bytes: number): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    let missing = bytes;
    while (missing > 0 && (await more())) {
      const piece = rest.subarray(0, missing);
      rest = rest.subarray(piece.length);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  };
  return {
    upTo,
    async exactly(bytes: number): Promise<Buffer> {
      const found = await upTo(bytes);
      if (found.length < bytes) throw damaged('It was cut.');
      return found;
    },
    ended: async (): Promise<boolean> => !(await more()),
  };
}
