import { Fault } from '@sealgate/core/faults';
import type { BlobId } from '@sealgate/core/names';
import type { BlobRecord, Metadata } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import type { EngineLimits } from '../limits.ts';

const DIGEST_BYTES = 32;

/** Digests of blocks: at hand when a blob's list is short, fetched page by page and kept a while when it is long. */
export interface DigestLists {
  /**
   * SHA-256 that block `index` must have; at once when the list came with the blob.
   * @throws Fault DataUnavailable when the list has no such block: the blob was removed meanwhile
   */
  of(blob: BlobRecord, index: number): Uint8Array | Promise<Uint8Array>;
}

/** Pages may be kept without asking again, because a blob and its digests never change. */
export function createDigestLists(deps: {
  readonly metadata: Pick<Metadata, 'readDigests'>;
  readonly limits: Pick<EngineLimits, 'digestPage' | 'digestPagesKept'>;
}): DigestLists {
  const { digestPage, digestPagesKept } = deps.limits;
  const pages = new LRUCache<string, Promise<Uint8Array>>({ max: digestPagesKept });
  const pageOf = (blobId: BlobId, page: number): Promise<Uint8Array> => {
    const name = `${blobId}/${page}`;
    const known = pages.get(name);
    if (known !== undefined) return known;
    const list = deps.metadata.readDigests(blobId, page * digestPage, digestPage);
    pages.set(name, list);
    // What was not found, or not all of it, is asked for again.
    list.then(
      (bytes) => bytes.length === 0 && pages.delete(name),
      () => pages.delete(name),
    );
    return list;
  };
  return {
    of(blob, index) {
      if (blob.digests !== null) return digestAt(blob.digests, index);
      const page = Math.floor(index / digestPage);
      return pageOf(blob.blobId, page).then((list) => digestAt(list, index - page * digestPage));
    },
  };
}

function digestAt(list: Uint8Array, index: number): Uint8Array {
  const digest = list.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  if (digest.length === DIGEST_BYTES) return digest;
  throw new Fault('DataUnavailable', 'The data cannot be read at the moment. Please try again.');
}
