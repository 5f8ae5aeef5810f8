import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

// The layout of a sealed document (docs/spec/sealed-documents.md): what those who seal and those who open share. No key
// is made here and nothing is encrypted.

/** `\x89SGD\r\n\x1a\n`: the high bit and the line ends show a transfer that took it for text. */
export const DOCUMENT_MAGIC = Buffer.from('895347440d0a1a0a', 'hex');
export const DOCUMENT_VERSION = 1;
/** AES-256-GCM in segments of 64 KiB, keys by HMAC-SHA-256. */
export const DOCUMENT_SUITE = 1;
export const DOCUMENT_TYPE = 'sealgate-document+jwe';
/** Magic, version, suite, two zero bytes, length of the envelope. */
export const PREAMBLE_BYTES = 16;
/** Sixteen recipients with RSA keys of 8192 bits take 25 KB. */
export const ENVELOPE_BYTES_MAX = 65_536;
export const COMMITMENT_BYTES = 32;
export const DOCUMENT_KEY_BYTES = 32;
export const DOCUMENT_TAG_BYTES = 16;
/** A segment as it is stored; every one but the last is as long. */
export const DOCUMENT_SEGMENT_BYTES = 65_536;
export const DOCUMENT_SEGMENT_PLAIN_BYTES = DOCUMENT_SEGMENT_BYTES - DOCUMENT_TAG_BYTES;

/** What a document is for. One made for one purpose is refused for every other. */
export type DocumentPurpose = 'recovery-manifest' | 'metadata-backup' | 'audit-archive';

/** The keys of a document's body. Both depend on every byte in front of the commitment, so on all recipients. */
export interface DocumentKeys {
  /** Tells a wrong key, and no two keys have the same one. */
  readonly commitment: Buffer;
  readonly segments: Buffer;
}

/** @param head every byte in front of the commitment: preamble and envelope */
export function documentKeys(dataKey: Uint8Array, head: Uint8Array): DocumentKeys {
  const digest = createHash('sha256').update(head).digest();
  const derive = (label: string): Buffer =>
    createHmac('sha256', dataKey).update(`sealgate document 1 ${label}\0`).update(digest).digest();
  return { commitment: derive('commitment'), segments: derive('segments') };
}

export function isCommitment(keys: DocumentKeys, found: Uint8Array): boolean {
  return found.length === COMMITMENT_BYTES && timingSafeEqual(keys.commitment, found);
}

/** Position and end of a segment, authenticated because they are its nonce: every document has a key of its own. */
export function segmentNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(index), 3);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}
