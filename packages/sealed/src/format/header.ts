import type { Bytes } from './bytes.ts';
import { concat, equalBytes, isAllZero } from './bytes.ts';
import { SealError } from './codes.ts';
import { encodeFloeParams } from './floe-params.ts';
import { envelopeIdAt, envelopeIdBytes, floeIvAt, floeIvBytes, lengthAt, preambleBytes, sgo1 } from './layout.ts';
import { maxPlaintextBytes } from './limits.ts';

/** PNG's trick: the high bit, CR LF, ^Z and LF show a transfer that treated the body as text. */
const magic = Uint8Array.of(0x89, 0x53, 0x47, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a);
const version = 1;
const suite = 1;
const reservedAt = 38;
const unknownLength = 0xffffffffffffffffn;

/** A header whose every fixed field was checked. The key commitment needs the data key and is checked when opening. */
export interface Sgo1Header {
  readonly envelopeId: Bytes;
  /** Undefined when the writer did not know it at the start. */
  readonly plaintextLength: number | undefined;
  /** Bytes 0..53, FLOE's associated data. */
  readonly preamble: Bytes;
  /** Bytes 54..127: parameters, IV, tag. */
  readonly floeHeader: Bytes;
}

/** Bytes 0..53 of a body. `plaintextLength` undefined writes "unknown at start". */
export function encodePreamble(envelopeId: Uint8Array, plaintextLength: number | undefined): Bytes {
  if (envelopeId.length !== envelopeIdBytes) throw new SealError('invalid-argument', 'Length of the envelope id.');
  const out = new Uint8Array(preambleBytes);
  const view = new DataView(out.buffer);
  out.set(magic, 0);
  out[8] = version;
  out[9] = suite;
  view.setUint16(10, sgo1.headerBytes);
  out.set(envelopeId, envelopeIdAt);
  view.setBigUint64(lengthAt, plaintextLength === undefined ? unknownLength : BigInt(plaintextLength));
  return out;
}

export function encodeHeader(preamble: Uint8Array, floeHeader: Uint8Array): Bytes {
  const header = concat(preamble, floeHeader);
  decodeHeader(header); // a header that our own reader refuses must never leave
  return header;
}

/** True while these first bytes can still become an SGO1 body: at least one byte, and all of them the magic's. */
export function startsLikeSgo1(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, magic.length);
  return length > 0 && equalBytes(bytes.subarray(0, length), magic.subarray(0, length));
}

/**
 * Reads the 128-byte header. Unknown versions and any deviation fail closed.
 * @throws SealError `not-sealed` (other magic), `unsupported`, `malformed-header`, `limit-exceeded`
 */
export function decodeHeader(bytes: Uint8Array): Sgo1Header {
  if (!startsLikeSgo1(bytes)) throw new SealError('not-sealed');
  if (bytes.length !== sgo1.headerBytes) throw new SealError('malformed-header', 'It is not 128 bytes long.');
  const header = new Uint8Array(bytes);
  const view = new DataView(header.buffer);
  if (header[8] !== version) throw new SealError('unsupported', 'Version of the body.');
  if (header[9] !== suite) throw new SealError('unsupported', 'Cipher suite of the body.');
  if (view.getUint16(10) !== sgo1.headerBytes) throw new SealError('malformed-header', 'Header length.');
  if (view.getUint16(12) !== 0) throw new SealError('unsupported', 'Flags of the body.');
  if (!isAllZero(header.subarray(reservedAt, preambleBytes))) {
    throw new SealError('malformed-header', 'Reserved bytes are not zero.');
  }
  if (!equalBytes(header.subarray(preambleBytes, floeIvAt), encodeFloeParams(sgo1.segmentBytes))) {
    throw new SealError('malformed-header', 'FLOE parameters.');
  }
  const envelopeId = header.slice(envelopeIdAt, envelopeIdAt + envelopeIdBytes);
  if (isAllZero(envelopeId) || isAllZero(header.subarray(floeIvAt, floeIvAt + floeIvBytes))) {
    throw new SealError('malformed-header', 'An identifier or IV is all zeros.');
  }
  return {
    envelopeId,
    plaintextLength: decodeLength(view.getBigUint64(lengthAt)),
    preamble: header.slice(0, preambleBytes),
    floeHeader: header.slice(preambleBytes),
  };
}

function decodeLength(field: bigint): number | undefined {
  if (field === unknownLength) return undefined;
  if (field > BigInt(maxPlaintextBytes)) throw new SealError('limit-exceeded', 'The declared length is too long.');
  return Number(field);
}
