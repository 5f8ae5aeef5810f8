import { fromBase64url, utf8 } from '../format/bytes.ts';
import type { ForeignFormat } from './verdict.ts';

/**
 * Recognises encrypted formats by the first bytes of a body. Each check reads as much structure as the start offers, not
 * one magic byte, so that ordinary files are not taken for ciphertext. None of them proves encryption.
 */
type Recogniser = (head: Uint8Array) => boolean;

const recognisers: readonly (readonly [ForeignFormat, Recogniser])[] = [
  ['age-v1', isAge],
  ['rclone-v0', (head) => startsWith(head, 'RCLONE\0\0') && head.length >= 32],
  ['openpgp', isOpenPgp],
  ['cms', isCms],
  ['jwe', isCompactJwe],
  ['esdk-v2', isEsdkV2],
  ['esdk-v1', (head) => head[0] === 0x01 && head[1] === 0x80 && esdkV1Algorithms.includes(u16(head, 2) ?? -1)],
  ['openssl-salted', (head) => startsWith(head, 'Salted__') && head.length >= 16],
  // A single byte: it says "header of 40 bytes". Good enough only because a bucket must opt in to it.
  ['tink-streaming', (head) => head[0] === 0x28 && head.length >= 40],
];

/**
 * The first of `formats` that these bytes are.
 * @param head the first 4 KiB of the body, or all of it
 */
export function recogniseBody(head: Uint8Array, formats: readonly ForeignFormat[]): ForeignFormat | undefined {
  return recognisers.find(([format, matches]) => formats.includes(format) && matches(head))?.[0];
}

function startsWith(head: Uint8Array, text: string): boolean {
  return head.length >= text.length && utf8(text).every((byte, i) => head[i] === byte);
}

function u16(head: Uint8Array, at: number): number | undefined {
  const [high, low] = [head[at], head[at + 1]];
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

function isAge(head: Uint8Array): boolean {
  if (startsWith(head, 'age-encryption.org/v1\n-> ')) return true;
  return ['\n', '\r\n'].some((end) =>
    // The armor's first base64 line is that of the version line.
    startsWith(head, `-----BEGIN AGE ENCRYPTED FILE-----${end}YWdlLWVuY3J5cHRpb24ub3JnL3Yx`),
  );
}

/** Algorithm suites of message format 1 (128/192/256-bit GCM, with and without KDF and signature). */
const esdkV1Algorithms: readonly number[] = [0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214, 0x0346, 0x0378];

/** Version 2, committing suite, 32-byte message id, encryption context, at least one encrypted data key. */
function isEsdkV2(head: Uint8Array): boolean {
  const algorithm = u16(head, 1);
  if (head[0] !== 0x02 || (algorithm !== 0x0478 && algorithm !== 0x0578)) return false;
  const contextLength = u16(head, 35);
  if (contextLength === undefined) return false;
  const keys = u16(head, 37 + contextLength);
  // A context longer than what we look at leaves the count unseen.
  return keys === undefined ? 37 + contextLength + 2 > head.length && head.length > 1024 : keys > 0;
}

interface Packet {
  readonly tag: number;
  readonly bodyAt: number;
  readonly end: number | undefined;
}

/** RFC 9580: at least one session key packet (1, 3) with a known version, then another or encrypted data (18, 20). */
function isOpenPgp(head: Uint8Array): boolean {
  if (startsWith(head, '-----BEGIN PGP MESSAGE-----')) return true;
  const first = readPacket(head, 0);
  if (first?.end === undefined || !isSessionKey(head, first)) return false;
  const second = readPacket(head, first.end);
  if (second === undefined) return false;
  return second.tag === 18 || second.tag === 20 || isSessionKey(head, second);
}

function isSessionKey(head: Uint8Array, packet: Packet): boolean {
  const version = head[packet.bodyAt];
  if (packet.tag === 1) return version === 3 || version === 6;
  return packet.tag === 3 && (version === 4 || version === 5 || version === 6);
}

function readPacket(head: Uint8Array, at: number): Packet | undefined {
  const first = head[at];
  const second = head[at + 1];
  if (first === undefined || second === undefined || (first & 0x80) === 0) return undefined;
  if ((first & 0x40) === 0) return readOldPacket(head, at);
  const tag = first & 0x3f;
  if (second < 192) return { tag, bodyAt: at + 2, end: at + 2 + second };
  if (second < 224) {
    const low = head[at + 2];
    return low === undefined ? undefined : { tag, bodyAt: at + 3, end: at + 3 + (second - 192) * 256 + low + 192 };
  }
  // Five-octet and partial lengths: of large data packets, whose end does not matter here.
  return { tag, bodyAt: second === 255 ? at + 6 : at + 2, end: undefined };
}

function readOldPacket(head: Uint8Array, at: number): Packet | undefined {
  const first = head[at] ?? 0;
  const tag = (first & 0x3c) >> 2;
  const lengthBytes = [1, 2, 4, 0][first & 0x03] ?? 0;
  const bodyAt = at + 1 + lengthBytes;
  if (lengthBytes === 0) return { tag, bodyAt, end: undefined };
  if (head.length < bodyAt) return undefined;
  const length = head.subarray(at + 1, bodyAt).reduce((value, byte) => value * 256 + byte, 0);
  return { tag, bodyAt, end: bodyAt + length };
}

const cmsTypes: readonly (readonly number[])[] = [
  // OBJECT IDENTIFIER 1.2.840.113549.1.7.3, envelopedData
  [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03],
  // 1.2.840.113549.1.9.16.1.23, authEnvelopedData
  [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17],
];

/** ContentInfo: SEQUENCE (any length form, indefinite too) that begins with one of the two types. */
function isCms(head: Uint8Array): boolean {
  if (head[0] !== 0x30) return false;
  const length = head[1] ?? 0xff;
  const typeAt = length <= 0x80 ? 2 : 2 + (length & 0x7f);
  if (typeAt > 10) return false;
  return cmsTypes.some((type) => type.every((byte, i) => head[typeAt + i] === byte));
}

/** RFC 7516 compact form: a protected header that names `alg` and `enc`, followed by a dot. */
function isCompactJwe(head: Uint8Array): boolean {
  if (!startsWith(head, 'eyJ')) return false;
  const dot = head.indexOf(0x2e);
  if (dot === -1) return false;
  const header = fromBase64url(String.fromCharCode(...head.subarray(0, dot)));
  if (header === undefined) return false;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(header));
    return typeof value === 'object' && value !== null && 'alg' in value && 'enc' in value;
  } catch {
    return false;
  }
}
