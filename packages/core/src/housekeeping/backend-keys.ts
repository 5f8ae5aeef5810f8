import { REPLICAS_MAX } from '../limits.ts';
import { type BlobId, parseBlobId } from '../names/index.ts';

/**
 * Who made a key in one of our buckets on a backend, by its name alone. `blob`: the engine, for one copy or shard.
 * `other`: another part of Sealgate, which cleans up after itself. `foreign`: nobody of ours would have made it.
 */
export type BackendKey =
  | { readonly kind: 'blob'; readonly blobId: BlobId; readonly shard: number }
  | { readonly kind: 'other'; readonly owner: KeyOwner }
  | { readonly kind: 'foreign' };

export type KeyOwner = 'recovery' | 'metadata-backup' | 'audit-archive';

export const BLOB_PREFIX = 'b/';
/** Prefixes besides that of blobs, and who removes what lies below them. A key that starts with none of them is foreign. */
export const OTHER_PREFIXES: Readonly<Record<string, KeyOwner>> = {
  'r/': 'recovery',
  'm/': 'metadata-backup',
  'a/': 'audit-archive',
};

/** No leading zeros: one shard has one key. */
const BLOB_KEY = /^b\/([0-9a-f-]{36})\.(0|[1-9]\d{0,2})$/;

/** Sorts a key of a backend's listing. */
export function readBackendKey(key: string): BackendKey {
  const owner = OTHER_PREFIXES[key.slice(0, 2)];
  if (owner !== undefined) return { kind: 'other', owner };
  const [, id = '', shard] = BLOB_KEY.exec(key) ?? [];
  if (shard === undefined || Number(shard) >= REPLICAS_MAX) return { kind: 'foreign' };
  try {
    return { kind: 'blob', blobId: parseBlobId(id), shard: Number(shard) };
  } catch {
    return { kind: 'foreign' };
  }
}
