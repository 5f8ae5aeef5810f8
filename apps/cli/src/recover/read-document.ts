import { createHash } from 'node:crypto';
import type { NoteVerifier } from '@sealgate/core/audit';
import {
  type EndLine,
  isSignedManifest,
  MANIFEST_FORMAT,
  type ManifestHeader,
  type ManifestLine,
} from '@sealgate/engine/recovery';
import { DocumentError, type FindKey, openDocument } from '../documents/open-document.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';
import type { PlacedBucket } from './places.ts';

/** A document, opened and checked. */
export interface ReadDocument {
  readonly header: ManifestHeader;
  readonly lines: readonly ManifestLine[];
  readonly more: boolean;
  /** Of the stored bytes, hex. */
  readonly sha256: string;
}

/**
 * Fetches and opens one copy of a document.
 * @param wanted what its name says: its digest begins so
 * @throws DocumentError, Fault
 */
export async function readDocument(
  place: PlacedBucket,
  wanted: { readonly key: string; readonly sha256Start: string; readonly number: number; readonly generation: string },
  options: {
    readonly findKey: FindKey;
    /** One of them must have signed the document; undefined: nobody need have. */
    readonly verifiers: readonly NoteVerifier[] | undefined;
    readonly signal: AbortSignal;
  },
): Promise<ReadDocument> {
  const opened = await place.driver.get(place.bucket, wanted.key, { signal: options.signal });
  if (opened.totalBytes > DOCUMENT_BYTES_MAX) {
    opened.body.destroy();
    throw new DocumentError('damaged', 'It is longer than any document.');
  }
  const pieces: Buffer[] = [];
  for await (const piece of opened.body as AsyncIterable<Buffer>) pieces.push(piece);
  const stored = Buffer.concat(pieces);
  const sha256 = createHash('sha256').update(stored).digest('hex');
  if (!sha256.startsWith(wanted.sha256Start))
    throw new DocumentError('damaged', 'Its bytes are not those of its name.');
  const plain: Buffer[] = [];
  const findKey = options.findKey;
  for await (const piece of openDocument(once(stored), { purpose: 'recovery-manifest', findKey })) plain.push(piece);
  const document = parseDocument(Buffer.concat(plain), options.verifiers);
  if (document.header.generation !== wanted.generation || document.header.number !== wanted.number) {
    throw new DocumentError('damaged', 'It belongs to another place.');
  }
  return { ...document, sha256 };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

function parseDocument(content: Buffer, verifiers: readonly NoteVerifier[] | undefined): Omit<ReadDocument, 'sha256'> {
  const text = content.toString('utf8');
  const texts = text.split('\n');
  if (texts.pop() !== '') throw bad('its last line');
  const values = texts.map((text, index) => parseLine(text, index));
  const [header, ...lines] = values;
  const end = lines.pop();
  if (header === undefined || end === undefined) throw bad('its length');
  const ending = asEnd(end, lines.length);
  if (verifiers !== undefined) requireSignature(verifiers, text, ending);
  const { more } = ending;
  return { header: asHeader(header), lines: lines.map(asLine), more };
}

/** @param text whole */
function requireSignature(verifiers: readonly NoteVerifier[], text: string, end: EndLine): void {
  const before = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
  if (!isSignedManifest(verifiers, before, end)) {
    throw new DocumentError('not-signed', "It is not signed by the gateway's key.");
  }
}

function parseLine(text: string, index: number): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below.
  }
  throw bad(`line ${index + 1}`);
}

function bad(what: string): DocumentError {
  return new DocumentError('damaged', `Its content is not understood (${what}).`);
}

// Whoever has the public key can write a document, so what stands in one is looked at before it is used.

function asHeader(value: JsonObject): ManifestHeader {
  const texts = ['tenant', 'bucket', 'region', 'generation', 'through'];
  const valid =
    value['format'] === MANIFEST_FORMAT &&
    texts.every((name) => typeof value[name] === 'string') &&
    Number.isInteger(value['number']) &&
    Number.isInteger(value['bucketId']) &&
    typeof value['writtenAtMs'] === 'number' &&
    (value['kind'] === 'base' || value['kind'] === 'delta') &&
    (value['previous'] === null || typeof value['previous'] === 'string') &&
    isDecimal(value['through']) &&
    isJsonObject(value['physical']);
  if (!valid) throw bad('its header');
  return value as unknown as ManifestHeader;
}

function asEnd(value: JsonObject, lines: number): EndLine {
  const { signature } = value;
  const valid =
    value['t'] === 'end' &&
    value['lines'] === lines &&
    typeof value['more'] === 'boolean' &&
    (signature === undefined || typeof signature === 'string');
  if (!valid) throw bad('its end');
  return value as unknown as EndLine;
}

const checks: Readonly<Record<string, (value: JsonObject) => boolean>> = {
  v: (value) =>
    typeof value['versionId'] === 'string' &&
    typeof value['marker'] === 'boolean' &&
    isSize(value['bytes']) &&
    isSize(value['parts']) &&
    typeof value['modifiedAtMs'] === 'number' &&
    Number.isFinite(value['modifiedAtMs']) &&
    (value['blob'] === null || isBlob(value['blob'])) &&
    (value['envelope'] === null || isEnvelope(value['envelope'])) &&
    (value['encryption'] === null || isEncryption(value['encryption'])),
  s: (value) => isSize(value['offset']) && isSize(value['bytes']) && isSize(value['part']) && isBlob(value['blob']),
  k: (value) =>
    (value['null'] === null || isDecimal(value['null'])) &&
    Array.isArray(value['gone']) &&
    value['gone'].every(isDecimal),
};

function asLine(value: JsonObject, index: number): ManifestLine {
  const kind = String(value['t']);
  const check = Object.hasOwn(checks, kind) ? checks[kind] : undefined;
  const placed = typeof value['key'] === 'string' && (kind === 'k' || isDecimal(value['seq']));
  if (check === undefined || !placed || !check(value)) throw bad(`line ${index + 2}`);
  return value as unknown as ManifestLine;
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) < 2n ** 63n;
}

function isSize(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isEnvelope(value: unknown): boolean {
  return isJsonObject(value) && typeof value['encryptedKey'] === 'string' && typeof value['encryptionAlg'] === 'string';
}

function isEncryption(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  if (value['kind'] === 'SSE-C') return typeof value['wrappedKey'] === 'string';
  const { dataKey } = value;
  const isKey = typeof dataKey === 'string' && Buffer.from(dataKey, 'base64').length === 32;
  return value['kind'] === 'SSE-S3' && (dataKey === null || isKey);
}

const BLOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function isBlob(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { id, bytes, layout, blockBytes, digests } = value;
  const block =
    typeof blockBytes === 'number' &&
    blockBytes >= 1024 &&
    blockBytes <= 2 ** 30 &&
    Number.isInteger(Math.log2(blockBytes));
  if (!block || typeof id !== 'string' || !BLOB_ID.test(id) || !isSize(bytes) || typeof digests !== 'string')
    return false;
  return isLayout(layout);
}

function isLayout(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  if (value['kind'] === 'copies') return true;
  const { k, m, stripeBytes } = value;
  const small = (count: unknown): boolean => isSize(count) && Number(count) >= 1 && Number(count) <= 255;
  return value['kind'] === 'erasure' && small(k) && small(m) && isSize(stripeBytes) && Number(stripeBytes) > 0;
}
