import type { BlobRecord, Metadata } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';

const DIGEST_BYTES = 32;

export interface DigestList {
  /** SHA-256 that block `index` must have. */
  of(index: number): Promise<Uint8Array>;
}

/** The digest list of a blob: at hand when short, fetched page by page when long. */
export function createDigestList(
  deps: { readonly metadata: Pick<Metadata, 'readDigests'>; readonly limits: EngineLimits },
  blob: BlobRecord,
): DigestList {
  const pages = new Map<number, Promise<Uint8Array>>();
  const pageOf = (index: number): { readonly list: Promise<Uint8Array>; readonly first: number } => {
    if (blob.digests !== null) return { list: Promise.resolve(blob.digests), first: 0 };
    const page = Math.floor(index / deps.limits.digestPage);
    const first = page * deps.limits.digestPage;
    let list = pages.get(page);
    if (list === undefined) {
      list = deps.metadata.readDigests(blob.blobId, first, deps.limits.digestPage);
      list.catch(() => pages.delete(page));
      // A stream moves forward: the page before the last one is not needed again.
      pages.delete(page - 2);
      pages.set(page, list);
    }
    return { list, first };
  };
  return {
    async of(index) {
      const { list, first } = pageOf(index);
      const at = (index - first) * DIGEST_BYTES;
      return (await list).subarray(at, at + DIGEST_BYTES);
    },
  };
}
