import type { BackendId, ObjectKey } from '@sealgate/core/names';
import type { CursorPosition } from '@sealgate/core/ports';

/** A generation of a bucket's manifest: documents that follow one another by digest. */
export interface ManifestChain {
  readonly generation: string;
  /** How many there are, so the number of the next one. */
  readonly documents: number;
  /** SHA-256 of the last one, hex; null before the first. */
  readonly last: string | null;
  readonly through: string;
  readonly baseBytes: number;
  readonly deltas: number;
  readonly deltaBytes: number;
  /** Key ids that it is sealed to, in order, joined: other ones need another generation. */
  readonly recipients: string;
  readonly readers: 'owner' | 'operator';
  /** Backends that have the base. */
  readonly baseOn: readonly BackendId[];
  /** Those and the ones that have deltas only: they came to hold blobs of the bucket later. */
  readonly targets: readonly BackendId[];
  readonly writtenAtMs: number;
}

/** A base that is being written, and where its walk stands. */
export interface ManifestBuilding extends ManifestChain {
  readonly after: { readonly key: ObjectKey; readonly seq: string } | null;
}

/** What is durable about a bucket's manifest. */
export interface ManifestPosition {
  readonly chain: ManifestChain | null;
  readonly building: ManifestBuilding | null;
  /** Backends on which documents of other generations may still lie. */
  readonly stale: readonly BackendId[];
}

export const NO_MANIFEST: ManifestPosition = { chain: null, building: null, stale: [] };

/** The place in the log, for all buckets together. */
export const RECOVERY_CURSOR = 'recovery';
/** Names of the positions of buckets begin so. */
export const MANIFEST_CURSORS = 'recovery/';

/** One process writes a bucket's manifest at a time: this cursor says which, and how far it has come. */
export function manifestCursor(bucketId: number): string {
  return `${MANIFEST_CURSORS}${bucketId}`;
}

/** What was saved under the cursor; what is not understood counts as nothing, and a new base is written. */
export function readManifestPosition(position: CursorPosition): ManifestPosition {
  if (typeof position !== 'object' || position === null || !('chain' in position)) return NO_MANIFEST;
  return position as ManifestPosition;
}
