import type { BlobRecord, Metadata } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';

const DIGEST_BYTES = 32;

export interface DigestList {
  /** SHA-256 that block `index` must have; at once when the list came with the blob. */
  of(index: number): Uint8Array | Promise<Uint8Array>;
}

/** The digest list of a blob: at hand when short, fetched page by page when long. */
export function createDigestList(
  deps: { readonly metadata: Pick<Metadata, 'readDigests'>; readonly limits: EngineLimits },
  blob: BlobRecord,
): DigestList {
  const pages = new Map<number, Promise<Uint8Array>>();
  const pageOf = (page: number): Promise<Uint8Array> => {
    let list = pages.get(page);
    if (list === undefined) {
      list = deps.metadata.readDigests(blob.blobId, page * deps.limits.digestPage, deps.limits.digestPage);
      list.catch(() => pages.delete(page));
      // A stream moves forward: the page before the last one is not needed again.
      pages.delete(page - 2);
      pages.set(page, list);
    }
    return list;
  };
  return {
    of(index) {
      if (blob.digests !== null) return digestAt(blob.digests, index);
      const page = Math.floor(index / deps.limits.digestPage);
      return pageOf(page).then((list) => digestAt(list, index - page * deps.limits.digestPage));
    },
  };
}

function digestAt(list: Uint8Array, index: number): Uint8Array {
  return list.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
}
