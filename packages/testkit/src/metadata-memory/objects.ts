import { decodeVersionId, type ObjectKey, type VersionId } from '@sealgate/core/names';
import type { EventName } from '@sealgate/core/notifications';
import {
  type CommittedVersion,
  type CommitVersion,
  type DeleteObject,
  type MetadataObjects,
  type ObjectPreconditions,
  type ObjectVersion,
  PLAIN_ATTRIBUTES,
  type SegmentRecord,
  type Versioning,
} from '@sealgate/core/ports';
import { dataBlobOf, doomVersion, insertBlob, shownBlob } from './blobs.ts';
import { changeVersion, failLocked, isLocked, lockable, noteLock } from './locks.ts';
import { noteEvent } from './notifications.ts';
import {
  activeBucket,
  addVersion,
  current,
  fail,
  type MemoryState,
  nextBlobId,
  removeVersion,
  type StoredBucket,
  type StoredPart,
  type StoredVersion,
  versionIdOf,
} from './state.ts';

const DIGEST_BYTES = 32;

export function checkPreconditions(found: StoredVersion | undefined, wanted: ObjectPreconditions): void {
  const etag = found === undefined || found.version.deleteMarker ? undefined : found.version.etag;
  if (wanted.ifMatch !== undefined) {
    if (etag === undefined) fail('NoSuchKey');
    if (wanted.ifMatch !== '*' && wanted.ifMatch !== etag) fail('PreconditionFailed');
  }
  if (
    wanted.ifNoneMatch !== undefined &&
    etag !== undefined &&
    (wanted.ifNoneMatch === '*' || wanted.ifNoneMatch === etag)
  ) {
    fail('PreconditionFailed');
  }
}

/** Takes away what a new version replaces for good: the current one when unversioned, the null version when suspended. */
export function retire(state: MemoryState, bucket: StoredBucket, key: ObjectKey): void {
  const versions = bucket.versions.get(key) ?? [];
  const replaced: Readonly<Record<Versioning, readonly StoredVersion[]>> = {
    off: versions,
    enabled: [],
    suspended: versions.filter((stored) => stored.version.versionId === 'null'),
  };
  for (const stored of replaced[bucket.record.versioning]) {
    removeVersion(bucket, stored);
    doomVersion(state, stored);
  }
}

/** The next number, once everything else is decided. */
export function nextSeq(state: MemoryState): bigint {
  state.seq += 1n;
  return state.seq;
}

function find(bucket: StoredBucket, key: ObjectKey, versionId: VersionId | 'null'): StoredVersion | undefined {
  return bucket.versions.get(key)?.find((stored) => stored.version.versionId === versionId);
}

export function createObjects(
  state: MemoryState,
): Omit<MetadataObjects, 'listObjects' | 'listVersions' | 'commitUpload'> {
  return {
    ...createWrites(state),
    ...createReads(state),
  };
}

/** Publishes a version, in one step. */
export function commitVersion(state: MemoryState, request: CommitVersion): CommittedVersion {
  const bucket = activeBucket(state, request.bucketId);
  lockable(bucket, request.attributes);
  checkPreconditions(current(bucket, request.key), request.preconditions);
  const record = {
    blobId: request.blobId,
    bytes: request.storedBytes,
    layout: request.layout,
    blockBytes: request.blockBytes,
    digests: request.digests,
    replicas: request.replicas,
  };
  insertBlob(state, {
    record,
    bucketId: request.bucketId,
    redundancyClass: request.redundancyClass,
    tags: request.tags,
  });
  retire(state, bucket, request.key);
  const version = newVersion(state, bucket, request);
  const stored: StoredVersion = { version, blobId: request.blobId, upload: null };
  addVersion(bucket, stored);
  noteLock(state, stored);
  noteEvent(state, bucket, { name: createdBy(request.cause), version, actor: request.actor });
  const versioned = bucket.record.versioning === 'enabled';
  return { seq: version.seq, versionId: version.versionId, versioned, modifiedAtMs: version.modifiedAtMs };
}

function createWrites(state: MemoryState): Pick<MetadataObjects, 'commitVersion' | 'deleteObject' | 'updateVersion'> {
  return {
    commitVersion: async (request) => commitVersion(state, request),

    async deleteObject(request) {
      const bucket = activeBucket(state, request.bucketId);
      const { key, versionId } = request;
      if (versionId !== undefined) return removeNamed(state, bucket, { ...request, versionId });
      const found = current(bucket, key);
      const existed = found !== undefined && !found.version.deleteMarker;
      deletable(found, request);
      retire(state, bucket, key);
      const { actor } = request;
      if (bucket.record.versioning === 'off') {
        if (found !== undefined) {
          nextSeq(state);
          noteEvent(state, bucket, { name: 'ObjectRemoved:Delete', version: found.version, actor });
        }
        return { deleteMarker: false, existed };
      }
      const marker = deleteMarker(state, bucket, key);
      addVersion(bucket, marker);
      noteEvent(state, bucket, { name: 'ObjectRemoved:DeleteMarkerCreated', version: marker.version, actor });
      return { versionId: marker.version.versionId, deleteMarker: true, existed };
    },

    async updateVersion(request) {
      const { key, versionId } = request;
      const bucket = activeBucket(state, request.bucketId);
      const found = versionId === undefined ? current(bucket, key) : find(bucket, key, versionId);
      if (found === undefined) fail(versionId === undefined ? 'NoSuchKey' : 'NoSuchVersion');
      const changed = changeVersion(state, bucket, { found, request });
      const { change, actor } = request;
      const { version } = found;
      if (change.acl !== undefined) noteEvent(state, bucket, { name: 'ObjectAcl:Put', version, actor });
      else if (change.tags !== undefined) {
        noteEvent(state, bucket, {
          name: change.tags === null ? 'ObjectTagging:Delete' : 'ObjectTagging:Put',
          version,
          actor,
        });
      }
      return changed;
    },
  };
}

function removeNamed(
  state: MemoryState,
  bucket: StoredBucket,
  request: DeleteObject & { readonly versionId: VersionId | 'null' },
) {
  const found = find(bucket, request.key, request.versionId);
  deletable(found, request);
  if (found === undefined) return { versionId: request.versionId, deleteMarker: false, existed: false };
  if (isLocked(found.version, { now: state.clock.now(), bypass: request.bypassGovernance ?? false })) failLocked();
  removeVersion(bucket, found);
  doomVersion(state, found);
  nextSeq(state);
  noteEvent(state, bucket, { name: 'ObjectRemoved:Delete', version: found.version, actor: request.actor });
  return { versionId: request.versionId, deleteMarker: found.version.deleteMarker, existed: true };
}

/** A deletion says PreconditionFailed also of a delete marker, which is something, though no object. */
function deletable(
  found: StoredVersion | undefined,
  { preconditions, unchanged }: Pick<DeleteObject, 'preconditions' | 'unchanged'>,
): void {
  if (found?.version.deleteMarker === true && preconditions.ifMatch !== undefined) fail('PreconditionFailed');
  checkPreconditions(found, preconditions);
  if (found === undefined || unchanged === undefined) return;
  const { bytes, modifiedAtMs } = found.version;
  const second = (ms: number): number => Math.floor(ms / 1000);
  const otherTime = unchanged.modifiedAtMs !== undefined && second(unchanged.modifiedAtMs) !== second(modifiedAtMs);
  if (otherTime || (unchanged.bytes !== undefined && unchanged.bytes !== bytes)) fail('PreconditionFailed');
}

function createdBy(cause: CommitVersion['cause']): EventName {
  return cause === undefined ? 'ObjectCreated:Put' : cause === 'copy' ? 'ObjectCreated:Copy' : 'ObjectCreated:Post';
}

function newVersion(state: MemoryState, bucket: StoredBucket, request: CommitVersion): ObjectVersion {
  const seq = nextSeq(state);
  return {
    bucketId: request.bucketId,
    key: request.key,
    seq,
    versionId: versionIdOf(seq, request.blobId, bucket.record.versioning !== 'enabled'),
    deleteMarker: false,
    bytes: request.bytes,
    etag: request.etag,
    modifiedAtMs: state.clock.now(),
    redundancyClass: request.redundancyClass,
    headers: request.headers,
    checksum: request.checksum,
    envelope: request.envelope,
    verdict: request.verdict,
    tags: request.tags,
    attributes: request.attributes,
    blob: null,
    parts: 0,
  };
}

function deleteMarker(state: MemoryState, bucket: StoredBucket, key: ObjectKey): StoredVersion {
  const seq = nextSeq(state);
  const blobId = nextBlobId(state);
  const version: ObjectVersion = {
    bucketId: bucket.record.id,
    key,
    seq,
    versionId: versionIdOf(seq, blobId, bucket.record.versioning !== 'enabled'),
    deleteMarker: true,
    bytes: 0,
    etag: '',
    modifiedAtMs: state.clock.now(),
    redundancyClass: '',
    headers: {},
    checksum: null,
    envelope: null,
    verdict: null,
    tags: null,
    attributes: PLAIN_ATTRIBUTES,
    blob: null,
    parts: 0,
  };
  return { version, blobId, upload: null };
}

function createReads(
  state: MemoryState,
): Pick<
  MetadataObjects,
  'currentVersion' | 'version' | 'currentSeq' | 'readDigests' | 'readSegments' | 'readSegmentOfPart' | 'readParts'
> {
  const shown = (stored: StoredVersion | undefined): ObjectVersion | undefined => {
    if (stored === undefined) return undefined;
    const whole = !stored.version.deleteMarker && stored.version.parts === 0;
    return whole ? { ...stored.version, blob: shownBlob(state, dataBlobOf(stored)) } : stored.version;
  };
  const segmentOf = ({ record, offset }: StoredPart): SegmentRecord[] => {
    const blob = shownBlob(state, record.blobId);
    return blob === null ? [] : [{ partNumber: record.partNumber, offset, bytes: record.bytes, blob }];
  };
  const partsOf = (version: ObjectVersion): StoredPart[] => {
    const upload = [...state.uploads.values()].find((other) => other.result?.answer.seq === version.seq);
    return [...(upload?.parts.values() ?? [])].sort((a, b) => a.offset - b.offset);
  };
  const bucketOf = (id: number) => state.buckets.get(id);
  return {
    async currentVersion(bucketId, key) {
      const bucket = bucketOf(bucketId);
      return bucket === undefined ? undefined : shown(current(bucket, key));
    },
    async version(bucketId, key, versionId) {
      const bucket = bucketOf(bucketId);
      if (bucket === undefined || (versionId !== 'null' && decodeVersionId(versionId) === undefined)) return undefined;
      return shown(find(bucket, key, versionId));
    },
    async currentSeq(bucketId, key) {
      const bucket = bucketOf(bucketId);
      return bucket === undefined ? undefined : current(bucket, key)?.version.seq;
    },
    async readDigests(blobId, first, count) {
      const digests = state.blobs.get(blobId)?.record.digests ?? new Uint8Array();
      return digests.slice(first * DIGEST_BYTES, (first + count) * DIGEST_BYTES);
    },
    async readSegments(version, offset, limit) {
      const parts = partsOf(version);
      const first = parts.findLastIndex((part) => part.offset <= offset);
      return parts.slice(Math.max(0, first)).slice(0, limit).flatMap(segmentOf);
    },
    async readSegmentOfPart(version, partNumber) {
      return partsOf(version)
        .filter((part) => part.record.partNumber === partNumber)
        .flatMap(segmentOf)[0];
    },
    async readParts(version, afterPartNumber, limit) {
      const later = partsOf(version).filter(({ record }) => record.partNumber > afterPartNumber);
      return later
        .slice(0, limit)
        .map(({ record: { partNumber, bytes, checksum } }) => ({ partNumber, bytes, checksum }));
    },
  };
}
