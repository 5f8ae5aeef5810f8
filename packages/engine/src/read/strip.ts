import type { BlobRecord } from '@sealgate/core/ports';
import { stripeGeometry } from '../erasure/geometry.ts';
import { blobKey } from '../write/blob-key.ts';

/**
 * What one backend holds of a blob, as blocks that can be verified one by one: all blocks of a copy, or one cell of
 * every stripe.
 */
export interface Strip {
  /** Name of the stored bytes inside the physical bucket. */
  readonly key: string;
  /** Stored bytes, headers and all. */
  readonly totalBytes: number;
  readonly blocks: number;
  offset(block: number): number;
  bytes(block: number): number;
  /** Place of the block's digest in the blob's list. */
  digestIndex(block: number): number;
}

export type StripOf = Pick<BlobRecord, 'blobId' | 'bytes' | 'layout' | 'blockBytes'>;

/** @param shard 0 for a copy */
export function stripOf(blob: StripOf, shard: number): Strip {
  const key = blobKey(blob.blobId, shard);
  const { bytes, blockBytes, layout } = blob;
  if (layout.kind === 'copies') {
    return {
      key,
      totalBytes: bytes,
      blocks: Math.ceil(bytes / blockBytes),
      offset: (block) => block * blockBytes,
      bytes: (block) => Math.min(blockBytes, bytes - block * blockBytes),
      digestIndex: (block) => block,
    };
  }
  const geometry = stripeGeometry(layout, bytes, blockBytes);
  return {
    key,
    totalBytes: geometry.shardBytes,
    blocks: geometry.stripes,
    offset: (block) => geometry.cellOffset(block),
    bytes: (block) => geometry.cellBytes(block),
    digestIndex: (block) => geometry.digestIndex(block, shard),
  };
}
