import { createHash, type Hash, hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { BlobId } from '@sealgate/core/names';

/**
 * A shard says of itself what it is, so that a blob can be put together from shards alone: a header of 64 bytes, the
 * cells, and a footer of the cells' SHA-256 digests and one SHA-256 over header and digests. The format is written down
 * in docs/spec/erasure-shards.md and never changes under its version.
 */
export const HEADER_BYTES = 64;
const DIGEST_BYTES = 32;
const MAGIC = Buffer.from('SGSH', 'latin1');
const VERSION = 1;
/** The header's own check: as many bytes of a SHA-256 over what is before. */
const CHECK_AT = 48;

/** Bytes of the footer of a shard with so many cells. */
export const FOOTER_DIGESTS = (cells: number): number => (cells + 1) * DIGEST_BYTES;

export interface ShardHeader {
  readonly blobId: BlobId;
  /** Of the whole blob. */
  readonly bytes: number;
  readonly k: number;
  readonly m: number;
  readonly shard: number;
  /** Of a full stripe; a power of two. */
  readonly cellBytes: number;
}

/**
 * | offset | bytes | |
 * | --- | --- | --- |
 * | 0 | 4 | `SGSH` |
 * | 4 | 1 | version, 1 |
 * | 5 | 1 | k |
 * | 6 | 1 | m |
 * | 7 | 1 | index of the shard, data shards first |
 * | 8 | 1 | binary logarithm of the length of a full cell |
 * | 16 | 16 | blob id |
 * | 32 | 8 | bytes of the blob, big-endian |
 * | 48 | 16 | first bytes of the SHA-256 of the 48 before |
 */
export function encodeShardHeader(header: ShardHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.set([VERSION, header.k, header.m, header.shard, Math.log2(header.cellBytes)], MAGIC.length);
  bytes.write(header.blobId.replaceAll('-', ''), 16, 'hex');
  bytes.writeBigUInt64BE(BigInt(header.bytes), 32);
  checkOf(bytes).copy(bytes, CHECK_AT);
  return bytes;
}

/** @throws Fault BackendCorrupt when it is not the header of a shard that this version can read */
export function parseShardHeader(bytes: Uint8Array): ShardHeader {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.length !== HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC) || header[4] !== VERSION) {
    throw new Fault('BackendCorrupt', 'This is not the header of a shard.');
  }
  if (!header.subarray(CHECK_AT).equals(checkOf(header))) {
    throw new Fault('BackendCorrupt', 'The header of the shard is damaged.');
  }
  const id = header.toString('hex', 16, 32);
  return {
    k: header.readUInt8(5),
    m: header.readUInt8(6),
    shard: header.readUInt8(7),
    cellBytes: 2 ** header.readUInt8(8),
    blobId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as BlobId,
    bytes: Number(header.readBigUInt64BE(32)),
  };
}

function checkOf(header: Buffer): Buffer {
  return hash('sha256', header.subarray(0, CHECK_AT), 'buffer').subarray(0, HEADER_BYTES - CHECK_AT);
}

/** Collects the digests of a shard's cells and gives its footer. */
export interface ShardFooter {
  add(digest: Uint8Array): void;
  finish(): Buffer;
}

export function createShardFooter(header: Buffer): ShardFooter {
  const whole: Hash = createHash('sha256').update(header);
  const digests: Uint8Array[] = [];
  return {
    add(digest) {
      whole.update(digest);
      digests.push(digest);
    },
    finish: () => Buffer.concat([...digests, whole.digest()]),
  };
}
