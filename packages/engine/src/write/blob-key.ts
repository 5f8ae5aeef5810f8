import type { BlobId } from '@sealgate/core/names';

/** Key of a blob, or of its shard, inside its physical bucket. Unique per attempt for ever, so nothing is overwritten. */
export function blobKey(blobId: BlobId, shard: number): string {
  return `b/${blobId}.${shard}`;
}
