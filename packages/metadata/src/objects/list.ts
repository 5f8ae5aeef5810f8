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
  /** Some that follow each other; then the row has nothing else. */
  readonly common_prefixes?: readonly string[] | null;
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
      if (!names.has(row.class)) names.set(row.class, await terms.valueOf(row.class));
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
          : await database.read<ListedRow>('list-objects-by-delimiter', [
              bucketId,
              lower,
              upper,
              limit + 1,
              codePoints(prefix),
              delimiter,
              keySuccessor(delimiter) ?? null,
            ]);
      const page = pageOf(rows, limit);
      const names = await classNames(page.rows);
      return {
        objects: page.rows.map((row) => listed(row, names)),
        commonPrefixes: page.commonPrefixes,
        truncated: page.truncated,
        next: page.last === null ? null : nameOf(page.last),
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
          : await database.read<ListedVersionRow>('list-versions-by-delimiter', [
              ...bounds,
              codePoints(prefix),
              delimiter,
              start.markerKey,
              start.markerSeq,
              keySuccessor(delimiter) ?? null,
            ]);
      const page = pageOf(rows, limit);
      const { last } = page;
      const names = await classNames(page.rows);
      return {
        versions: page.rows.map(
          (row): ListedVersion => ({
            ...listed(row, names),
            versionId: versionIdOf(row),
            latest: row.latest,
            deleteMarker: row.delete_marker,
          }),
        ),
        commonPrefixes: page.commonPrefixes,
        truncated: page.truncated,
        nextKeyMarker: last === null ? null : nameOf(last),
        nextVersionIdMarker: last === null || typeof last === 'string' ? null : versionIdOf(last),
      };
    },
  };
}

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last row or common prefix, behind which the next page begins. Null when there is none. */
  readonly last: Row | string | null;
}

/** The first `limit` of what was found, rows and common prefixes. */
function pageOf<Row extends ListedRow>(found: readonly Row[], limit: number): Page<Row> {
  const items = found.flatMap((row): readonly (Row | string)[] => row.common_prefixes ?? [row]);
  const truncated = items.length > limit;
  if (truncated) items.length = limit;
  const [rows, commonPrefixes]: [Row[], string[]] = [[], []];
  for (const item of items) {
    if (typeof item === 'string') commonPrefixes.push(item);
    else rows.push(item);
  }
  return { rows, commonPrefixes, truncated, last: truncated ? (items.at(-1) ?? null) : null };
}

const nameOf = (item: ListedRow | string): string => (typeof item === 'string' ? item : item.key);

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
