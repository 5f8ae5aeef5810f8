import { createHash } from 'node:crypto';

/**
 * What every body of the bench consists of: one megabyte of noise, over and over. Both ends know it, so the upstream
 * keeps lengths and no bytes, and neither its memory nor its hashing is what gets measured.
 */
const SLAB_BYTES = 1024 * 1024;
/** What a generator writes at a time and an upstream at most sends at a time: like the pieces of a busy socket. */
const PIECE_BYTES = 64 * 1024;

const slab = makeSlab();
const digests = new Map<number, string>();

function makeSlab(): Buffer {
  const bytes = Buffer.allocUnsafe(SLAB_BYTES);
  let state = 0x9e3779b9;
  for (let at = 0; at < SLAB_BYTES; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  return bytes;
}

/** Bytes `start` to `end` (not included) of the endless payload, in pieces that must not be changed. */
export function* payload(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; ) {
    const from = at % SLAB_BYTES;
    const to = Math.min(from + PIECE_BYTES, SLAB_BYTES, from + end - at);
    yield slab.subarray(from, to);
    at += to - from;
  }
}

/** A payload in one piece. */
export function wholePayload(bytes: number): Buffer {
  return bytes <= SLAB_BYTES ? slab.subarray(0, bytes) : Buffer.concat([...payload(0, bytes)], bytes);
}

/** MD5 of the payload of this length in hex, computed once. */
export function payloadMd5(bytes: number): string {
  let digest = digests.get(bytes);
  if (digest === undefined) {
    const hash = createHash('md5');
    for (const piece of payload(0, bytes)) hash.update(piece);
    digest = hash.digest('hex');
    digests.set(bytes, digest);
  }
  return digest;
}
