import { randomBytes } from 'node:crypto';
import { Fault } from '../faults/index.ts';
import type { Brand } from './brand.ts';

/**
 * Names the immutable bytes of one attempt to store one version (or one part), for ever. A UUIDv7 in lower case
 * (RFC 9562): ascending in time, so that rows and backend keys of one time lie together.
 */
export type BlobId = Brand<string, 'BlobId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A new id for the time `nowMs` (milliseconds since 1970). `random` gives 10 bytes; a test may pass its own. */
export function newBlobId(nowMs: number, random: (bytes: number) => Uint8Array = randomBytes): BlobId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(nowMs) << 16n);
  bytes.set(random(10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatBlobId(bytes);
}

/** The text form of 16 bytes. */
export function formatBlobId(bytes: Uint8Array): BlobId {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as BlobId;
}

/** @throws Fault ValidationFailed */
export function parseBlobId(text: string): BlobId {
  if (!UUID.test(text)) throw new Fault('ValidationFailed', 'A blob id is a UUIDv7 in lower case.');
  return text as BlobId;
}
