import type { MetadataUploads, UploadRecord } from '@sealgate/core/ports';
import { ABOVE_ALL_KEYS, commonPrefixOf, keySuccessor, listingRange } from '../codec/key-range.ts';
import type { Context } from '../context.ts';
import { type UploadRow, uploadOf } from './upload-row.ts';

type ListUploads = Parameters<MetadataUploads['listUploads']>[0];
type UploadItem = { readonly upload: UploadRow } | { readonly commonPrefix: string };

/**
 * Open uploads are few and their listing is rare, so common prefixes are rolled up here: each batch of rows is cut at
 * the first common prefix, and the next batch begins behind it. Every batch gives at least one item, which bounds the loop.
 */
export function createUploadListing(context: Context): Pick<MetadataUploads, 'listUploads'> {
  async function items(request: ListUploads, wanted: number): Promise<UploadItem[]> {
    const { bucketId, prefix, delimiter, keyMarker, uploadIdMarker } = request;
    const found: UploadItem[] = [];
    const range = listingRange({ prefix, delimiter, after: keyMarker });
    const listable = keyMarker.startsWith(prefix) && commonPrefixOf(keyMarker, prefix, delimiter) === undefined;
    let marker = uploadIdMarker !== '' && listable ? { key: keyMarker, uploadId: uploadIdMarker } : undefined;
    let { lower } = range;
    while (found.length < wanted) {
      const batch: readonly UploadRow[] = await context.database.read<UploadRow>('list-uploads', [
        bucketId,
        lower,
        range.upper,
        wanted - found.length,
        marker?.key ?? null,
        marker?.uploadId ?? null,
      ]);
      const cut = batch.findIndex((row) => commonPrefixOf(row.key, prefix, delimiter) !== undefined);
      found.push(...batch.slice(0, cut < 0 ? undefined : cut).map((upload) => ({ upload })));
      const first = cut < 0 ? undefined : batch[cut];
      if (first === undefined) break;
      const commonPrefix = commonPrefixOf(first.key, prefix, delimiter) ?? '';
      found.push({ commonPrefix });
      lower = keySuccessor(commonPrefix) ?? ABOVE_ALL_KEYS;
      marker = undefined;
    }
    return found;
  }

  return {
    async listUploads(request) {
      if (request.limit <= 0) {
        return { uploads: [], commonPrefixes: [], truncated: false, nextKeyMarker: null, nextUploadIdMarker: null };
      }
      const found = await items(request, request.limit + 1);
      const page = found.slice(0, request.limit);
      const uploads: UploadRecord[] = [];
      const commonPrefixes: string[] = [];
      for (const item of page) {
        if ('upload' in item) uploads.push(await uploadOf(item.upload, context));
        else commonPrefixes.push(item.commonPrefix);
      }
      const last = found.length > request.limit ? page.at(-1) : undefined;
      return {
        uploads,
        commonPrefixes,
        truncated: last !== undefined,
        nextKeyMarker: last === undefined ? null : 'upload' in last ? last.upload.key : last.commonPrefix,
        nextUploadIdMarker: last !== undefined && 'upload' in last ? last.upload.upload_id : null,
      };
    },
  };
}
