import { decodeVersionId } from '@sealgate/core/names';
import type { ListedObject, ListedVersion, MetadataObjects, ObjectVersion } from '@sealgate/core/ports';
import { compareKeys, current, type MemoryState, type StoredBucket } from './state.ts';

/** One line of a listing: a key, or what several are rolled up into. */
interface Rolled {
  readonly name: string;
  readonly rolledUp: boolean;
}

/** Keys with the prefix that come after `after`, those with the delimiter rolled up. */
function rollUp(keys: Iterable<string>, request: { prefix: string; delimiter: string; after: string }): Rolled[] {
  const lines: Rolled[] = [];
  for (const key of keys) {
    if (!key.startsWith(request.prefix)) continue;
    const at = request.delimiter === '' ? -1 : key.indexOf(request.delimiter, request.prefix.length);
    const name = at < 0 ? key : key.slice(0, at + request.delimiter.length);
    if (name === lines.at(-1)?.name) continue;
    if (request.after === '' || compareKeys(name, request.after) > 0) lines.push({ name, rolledUp: at >= 0 });
  }
  return lines;
}

function listed(version: ObjectVersion): ListedObject {
  return {
    key: version.key,
    bytes: version.bytes,
    etag: version.etag,
    modifiedAtMs: version.modifiedAtMs,
    redundancyClass: version.redundancyClass,
    checksum: version.checksum,
    ownerId: version.attributes.ownerId,
  };
}

export function createListings(state: MemoryState): Pick<MetadataObjects, 'listObjects' | 'listVersions'> {
  return {
    async listObjects(request) {
      const bucket = state.buckets.get(request.bucketId);
      if (bucket === undefined || request.limit <= 0) {
        return { objects: [], commonPrefixes: [], truncated: false, next: null };
      }
      const live = new Map<string, ObjectVersion>(
        bucket.keys.flatMap((key) => {
          const version = current(bucket, key)?.version;
          return version === undefined || version.deleteMarker ? [] : [[key, version]];
        }),
      );
      const lines = rollUp(live.keys(), request);
      const page = lines.slice(0, request.limit);
      const truncated = lines.length > request.limit;
      return {
        objects: page.flatMap((line) => {
          const version = line.rolledUp ? undefined : live.get(line.name);
          return version === undefined ? [] : [listed(version)];
        }),
        commonPrefixes: page.filter((line) => line.rolledUp).map((line) => line.name),
        truncated,
        next: truncated ? (page.at(-1)?.name ?? null) : null,
      };
    },

    async listVersions(request) {
      const bucket = state.buckets.get(request.bucketId);
      if (bucket === undefined || request.limit <= 0) return emptyVersions;
      const lines = versionLines(bucket, request);
      const page = lines.slice(0, request.limit);
      const last = lines.length > request.limit ? page.at(-1) : undefined;
      return {
        versions: page.flatMap((line) => ('commonPrefix' in line ? [] : [line.version])),
        commonPrefixes: page.flatMap((line) => ('commonPrefix' in line ? [line.commonPrefix] : [])),
        truncated: last !== undefined,
        nextKeyMarker: last === undefined ? null : 'commonPrefix' in last ? last.commonPrefix : last.version.key,
        nextVersionIdMarker: last === undefined || 'commonPrefix' in last ? null : last.version.versionId,
      };
    },
  };
}

const emptyVersions = {
  versions: [],
  commonPrefixes: [],
  truncated: false,
  nextKeyMarker: null,
  nextVersionIdMarker: null,
} as const;

type VersionLine = { readonly commonPrefix: string } | { readonly version: ListedVersion };
type ListVersions = Parameters<MetadataObjects['listVersions']>[0];

function versionLines(bucket: StoredBucket, request: ListVersions): VersionLine[] {
  const { prefix, delimiter, keyMarker, versionIdMarker } = request;
  const versionsOf = (key: string): ListedVersion[] => {
    const stored = bucket.versions.get(key as ObjectVersion['key']) ?? [];
    return stored.toReversed().map(({ version }, index) => ({
      ...listed(version),
      versionId: version.versionId,
      latest: index === 0,
      deleteMarker: version.deleteMarker,
    }));
  };
  const lines: VersionLine[] = [];
  if (versionIdMarker !== undefined && keyMarker !== '') {
    const [own] = rollUp([keyMarker], { prefix, delimiter, after: '' });
    if (own?.rolledUp === false) {
      const all = versionsOf(keyMarker);
      const at = all.findIndex((version) => version.versionId === versionIdMarker);
      // A marker that is gone by now: its number still tells where it stood, which the null version's name does not.
      const older =
        at >= 0
          ? all.slice(at + 1)
          : versionIdMarker === 'null'
            ? []
            : all.filter((v) => olderThan(v, versionIdMarker));
      lines.push(...older.map((version) => ({ version })));
    }
  }
  for (const line of rollUp(bucket.keys, { prefix, delimiter, after: keyMarker })) {
    if (line.rolledUp) lines.push({ commonPrefix: line.name });
    else lines.push(...versionsOf(line.name).map((version) => ({ version })));
  }
  return lines;

  function olderThan(version: ListedVersion, marker: string): boolean {
    const stored = bucket.versions.get(version.key)?.find((other) => other.version.versionId === version.versionId);
    return stored !== undefined && stored.version.seq < (decodeVersionId(marker)?.seq ?? 0n);
  }
}
