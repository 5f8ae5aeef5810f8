import type { BlobId, ObjectKey } from '@sealgate/core/names';
import type { ListedObject, ListedVersion, ListVersions, MetadataObjects } from '@sealgate/core/ports';
import { unpackChecksum } from '../codec/checksum.ts';
import { unpackEtag } from '../codec/etag.ts';
import {
  ABOVE_ALL_KEYS,
  codePoints,
  commonPrefixOf,
  keyAfter,
  keySuccessor,
  listingRange,
} from '../codec/key-range.ts';
import { versionIdOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { versionColumns } from './commit.ts';

interface ListedRow {
  readonly common_prefix?: string | null;
  readonly key: ObjectKey;
  readonly bytes: bigint;
  readonly etag: Buffer;
  readonly modified_at: number;
  readonly class: number;
  readonly checksum: Buffer | null;
  readonly owner_id: string | null;
}

interface ListedVersionRow extends ListedRow {
  readonly seq: bigint;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
  readonly delete_marker: boolean;
  readonly latest: boolean;
}

/** Listings: one statement each, that reads one row more than the page has, to know whether there are more. */
export function createListings(context: Context): Pick<MetadataObjects, 'listObjects' | 'listVersions'> {
  const { database, terms } = context;

  /** Names of the few classes among many rows, so that the rows themselves are mapped without waiting. */
  async function classNames(rows: readonly ListedRow[]): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>([[0, '']]);
    for (const row of rows) {
      if (!row.common_prefix && !names.has(row.class)) names.set(row.class, await terms.valueOf(row.class));
    }
    return names;
  }

  function listed(row: ListedRow, names: ReadonlyMap<number, string>): ListedObject {
    return {
      key: row.key,
      bytes: Number(row.bytes),
      etag: row.etag.length === 0 ? '' : unpackEtag(row.etag),
      modifiedAtMs: row.modified_at,
      redundancyClass: names.get(row.class) ?? '',
      checksum: unpackChecksum(row.checksum),
      ownerId: row.owner_id,
    };
  }

  return {
    async listObjects(request) {
      const { bucketId, prefix, delimiter, limit } = request;
      if (limit <= 0) return { objects: [], commonPrefixes: [], truncated: false, next: null };
      const { lower, upper } = listingRange(request);
      const rows =
        delimiter === ''
          ? await database.read<ListedRow>('list-objects', [bucketId, lower, upper, limit + 1])
          : await database.read<ListedRow>('list-objects-by-prefix', [
              bucketId,
              lower,
              upper,
              limit + 1,
              codePoints(prefix),
              delimiter,
              keySuccessor(delimiter) ?? null,
            ]);
      const page = rows.slice(0, limit);
      const truncated = rows.length > limit;
      const last = page.at(-1);
      const names = await classNames(page);
      return {
        objects: page.filter((row) => !row.common_prefix).map((row) => listed(row, names)),
        commonPrefixes: page.flatMap((row) => row.common_prefix ?? []),
        truncated,
        next: truncated && last !== undefined ? (last.common_prefix ?? last.key) : null,
      };
    },

    async listVersions(request) {
      const { bucketId, prefix, delimiter, limit } = request;
      const empty = {
        versions: [],
        commonPrefixes: [],
        truncated: false,
        nextKeyMarker: null,
        nextVersionIdMarker: null,
      };
      if (limit <= 0) return empty;
      const start = versionsStart(request);
      const bounds = [bucketId, start.lower, start.upper, limit + 1];
      const rows =
        delimiter === ''
          ? await database.read<ListedVersionRow>('list-versions', [...bounds, start.markerKey, start.markerSeq])
          : await database.read<ListedVersionRow>('list-versions-by-prefix', [
              ...bounds,
              codePoints(prefix),
              delimiter,
              start.markerKey,
              start.markerSeq,
              keySuccessor(delimiter) ?? null,
            ]);
      const page = rows.slice(0, limit);
      const truncated = rows.length > limit;
      const last = page.at(-1);
      const names = await classNames(page);
      return {
        versions: page
          .filter((row) => !row.common_prefix)
          .map(
            (row): ListedVersion => ({
              ...listed(row, names),
              versionId: versionIdOf(row),
              latest: row.latest,
              deleteMarker: row.delete_marker,
            }),
          ),
        commonPrefixes: page.flatMap((row) => row.common_prefix ?? []),
        truncated,
        nextKeyMarker: truncated && last !== undefined ? (last.common_prefix ?? last.key) : null,
        nextVersionIdMarker: truncated && last !== undefined && !last.common_prefix ? versionIdOf(last) : null,
      };
    },
  };
}

interface VersionsStart {
  readonly lower: string;
  readonly upper: string;
  /** Older versions of this key than `markerSeq` come before the range. */
  readonly markerKey: string | null;
  readonly markerSeq: bigint | null;
}

/** Where a page of versions begins. Versions of the marker's key go on behind the marker's version, when it names one. */
function versionsStart(request: ListVersions): VersionsStart {
  const { prefix, delimiter, keyMarker, versionIdMarker } = request;
  const range = listingRange({ prefix, delimiter, after: keyMarker });
  const listable = keyMarker.startsWith(prefix) && commonPrefixOf(keyMarker, prefix, delimiter) === undefined;
  if (versionIdMarker === undefined || keyMarker === '' || !listable)
    return { ...range, markerKey: null, markerSeq: null };
  return {
    lower: keyAfter(keyMarker),
    upper: keySuccessor(prefix) ?? ABOVE_ALL_KEYS,
    markerKey: keyMarker,
    markerSeq: versionColumns(versionIdMarker).seq,
  };
}
