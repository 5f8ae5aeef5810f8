import { importSegmentKey as platformSegmentKey } from '#segment-aead';
import type { Bytes } from '../format/bytes.ts';
import { concat, equalBytes, u32be, u64be, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { encodeFloeParams } from '../format/floe-params.ts';
import {
  floeIvBytes,
  floeParamsBytes,
  floeTagBytes,
  fullMarker,
  markerBytes,
  segmentIvBytes,
  segmentOverhead,
} from '../format/layout.ts';
import { maxSegments } from '../format/limits.ts';
import { randomBytes } from '../format/random.ts';
import type { ImportSegmentKey, SegmentAead } from './segment-aead.ts';

/**
 * FLOE (random-access AEAD) over WebCrypto: AES-256-GCM, HKDF-Expand-SHA-384, 32-byte IV. The segment length is a
 * parameter, so that published vectors run through the code that seals objects.
 */
export interface FloeParams {
  /** Bytes of a full encrypted segment. */
  readonly segmentBytes: number;
  /** A new segment key every 2^keyEpochBits segments. 20 in every real ciphertext; vectors use less. */
  readonly keyEpochBits: number;
  /** The platform's by default; tests run every implementation. */
  readonly importSegmentKey?: ImportSegmentKey;
}

export const sgo1Floe: FloeParams = { segmentBytes: 65_536, keyEpochBits: 20 };
export const dataKeyBytes = 32;

/** Which segment it is. `last` comes from the authenticated length or the end of the stream, never from a trial. */
interface SegmentPosition {
  readonly index: number;
  readonly last: boolean;
}

/** The keys of one ciphertext. Nothing in it can be exported. */
export interface FloeSession {
  /**
   * The encrypted segment, in pieces to be sent one after the other.
   * @throws SealError `invalid-argument` when the plaintext's length does not fit the position
   */
  sealSegment(plaintext: Bytes, position: SegmentPosition): Promise<readonly Bytes[]>;
  /** @throws SealError `malformed-body` (length, marker), `corrupt` (authentication) */
  openSegment(segment: Bytes, position: SegmentPosition): Promise<Bytes>;
}

interface Derivation {
  readonly params: FloeParams;
  readonly iv: Bytes;
  readonly aad: Bytes;
}

/** Starts a ciphertext under a fresh random IV: a (key, IV) pair is never used again, not even for a retry. */
export async function startFloe(
  dataKey: Bytes,
  options: { readonly params: FloeParams; readonly aad: Bytes },
): Promise<{ readonly header: Bytes; readonly session: FloeSession }> {
  const iv = randomBytes(floeIvBytes);
  const derivation = { ...options, iv };
  const root = await importKdfKey(dataKey);
  const tag = await derive(root, { ...derivation, purpose: utf8('HEADER_TAG:'), length: floeTagBytes });
  const header = concat(encodeFloeParams(options.params.segmentBytes), iv, tag);
  return { header, session: await createSession(root, derivation) };
}

/**
 * Opens a ciphertext for reading. The header tag commits to key, parameters, IV and associated data.
 * @throws SealError `unsupported` (other parameters), `wrong-key` (tag)
 */
export async function resumeFloe(
  dataKey: Bytes,
  options: { readonly params: FloeParams; readonly aad: Bytes; readonly header: Bytes },
): Promise<FloeSession> {
  const { params, aad, header } = options;
  const encoded = encodeFloeParams(params.segmentBytes);
  if (header.length !== floeParamsBytes + floeIvBytes + floeTagBytes) throw new SealError('malformed-header');
  if (!equalBytes(header.subarray(0, floeParamsBytes), encoded)) throw new SealError('unsupported', 'FLOE parameters.');
  const iv = header.slice(floeParamsBytes, floeParamsBytes + floeIvBytes);
  const derivation = { params, aad, iv };
  const root = await importKdfKey(dataKey);
  const tag = await derive(root, { ...derivation, purpose: utf8('HEADER_TAG:'), length: floeTagBytes });
  if (!equalBytes(tag, header.subarray(floeParamsBytes + floeIvBytes))) throw new SealError('wrong-key');
  return createSession(root, derivation);
}

async function createSession(root: CryptoKey, derivation: Derivation): Promise<FloeSession> {
  const { params } = derivation;
  const secret = await derive(root, { ...derivation, purpose: utf8('MESSAGE_KEY:'), length: 48 });
  const messageKey = await importKdfKey(secret);
  secret.fill(0);
  const epochKey = createEpochKeys(messageKey, derivation);

  return {
    async sealSegment(plaintext, position) {
      assertPlainLength(plaintext.length, position, params);
      const key = await epochKey(position.index);
      const iv = randomBytes(segmentIvBytes);
      const sealed = await key.seal(plaintext, { iv, aad: segmentAad(position) });
      const marker = u32be(position.last ? segmentOverhead + plaintext.length : fullMarker);
      return [concat(marker, iv), ...sealed];
    },
    async openSegment(segment, position) {
      assertSegmentShape(segment, position, params);
      const key = await epochKey(position.index);
      const iv = segment.subarray(markerBytes, markerBytes + segmentIvBytes);
      try {
        const sealed = segment.subarray(markerBytes + segmentIvBytes);
        return await key.open(sealed, { iv, aad: segmentAad(position) });
      } catch (cause) {
        throw new SealError('corrupt', `Segment ${position.index}.`, { cause });
      }
    },
  };
}

/** Caches the key of the newest epoch only: sequential work needs one, random access pays a few microseconds. */
function createEpochKeys(messageKey: CryptoKey, derivation: Derivation): (index: number) => Promise<SegmentAead> {
  const epochLength = 2 ** derivation.params.keyEpochBits;
  let cached: { readonly epoch: number; readonly key: Promise<SegmentAead> } | undefined;
  return (index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= maxSegments) throw new SealError('limit-exceeded');
    const epoch = Math.floor(index / epochLength);
    if (cached?.epoch !== epoch) cached = { epoch, key: segmentKey(epoch * epochLength) };
    return cached.key;
  };

  async function segmentKey(firstIndex: number): Promise<SegmentAead> {
    const purpose = concat(utf8('DEK:'), u64be(firstIndex));
    const raw = await derive(messageKey, { ...derivation, purpose, length: 32 });
    const key = await (derivation.params.importSegmentKey ?? platformSegmentKey)(raw);
    raw.fill(0);
    return key;
  }
}

function importKdfKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-384' }, false, ['sign']);
}

/** FLOE_KDF: the first block of HKDF-Expand-SHA-384 over params, IV, purpose and associated data. */
async function derive(
  key: CryptoKey,
  input: Derivation & { readonly purpose: Bytes; readonly length: number },
): Promise<Bytes> {
  const params = encodeFloeParams(input.params.segmentBytes);
  const info = concat(params, input.iv, input.purpose, input.aad, Uint8Array.of(1));
  const block = new Uint8Array(await crypto.subtle.sign('HMAC', key, info));
  const output = block.slice(0, input.length);
  block.fill(0);
  return output;
}

function segmentAad({ index, last }: SegmentPosition): Bytes {
  return concat(u64be(index), Uint8Array.of(last ? 1 : 0));
}

function assertPlainLength(length: number, { last }: SegmentPosition, { segmentBytes }: FloeParams): void {
  const full = segmentBytes - segmentOverhead;
  if (last ? length > full : length !== full) throw new SealError('invalid-argument', 'Length of a segment.');
}

function assertSegmentShape(segment: Bytes, { index, last }: SegmentPosition, { segmentBytes }: FloeParams): void {
  const fits = last
    ? segment.length >= segmentOverhead && segment.length <= segmentBytes
    : segment.length === segmentBytes;
  if (!fits) throw new SealError('malformed-body', `Length of segment ${index}.`);
  const marker = new DataView(segment.buffer, segment.byteOffset, markerBytes).getUint32(0);
  if (marker !== (last ? segment.length : fullMarker))
    throw new SealError('malformed-body', `Marker of segment ${index}.`);
}
