import { isFault } from '@sealgate/core/faults';
import type {
  ExpireOutcome,
  JudgedVersion,
  MetadataCursors,
  MetadataLifecycle,
  MetadataObjects,
  MetadataUploads,
  ReplaceBlob,
  SegmentRecord,
} from '@sealgate/core/ports';
import { dataBlobOf, doomBlob, insertBlob, shownBlob } from './blobs.ts';
import { noteLock } from './locks.ts';
import { noteMove } from './notifications.ts';
import { bucketOf, type MemoryState, type StoredBucket, type StoredUpload, type StoredVersion } from './state.ts';

export function createCursors(state: MemoryState): MetadataCursors {
  return {
    async leaseCursor(name, holder, leaseMs) {
      const known = state.cursors.get(name);
      const now = state.clock.now();
      if (known !== undefined && known.holder !== holder && known.leasedUntilMs > now) return undefined;
      const position = known?.position ?? null;
      state.cursors.set(name, { position, holder, leasedUntilMs: now + leaseMs, savedAtMs: known?.savedAtMs ?? now });
      return { position: structuredClone(position) };
    },
    async readCursor(name) {
      return structuredClone(state.cursors.get(name)?.position ?? null);
    },
    async saveCursor(name, holder, { position, leaseMs }) {
      if (state.cursors.get(name)?.holder !== holder) return false;
      const kept: unknown = JSON.parse(JSON.stringify(position));
      const savedAtMs = state.clock.now();
      state.cursors.set(name, { position: kept, holder, leasedUntilMs: savedAtMs + leaseMs, savedAtMs });
      return true;
    },
    async releaseCursors(holder) {
      const now = state.clock.now();
      const held = [...state.cursors].filter(([, one]) => one.holder === holder && one.leasedUntilMs > now);
      for (const [name, one] of held) state.cursors.set(name, { ...one, leasedUntilMs: now });
      return held.length;
    },
    async countCursors(prefix, text) {
      const holds = (value: unknown): boolean =>
        value === text || (typeof value === 'object' && value !== null && Object.values(value).some(holds));
      return [...state.cursors].filter(([name, { position }]) => name.startsWith(prefix) && holds(position)).length;
    },
    async listCursors(prefix) {
      const now = state.clock.now();
      return [...state.cursors]
        .filter(([name]) => name.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { position, savedAtMs, leasedUntilMs }]) => ({
          name,
          position: structuredClone(position),
          savedAtMs,
          leased: leasedUntilMs > now,
        }));
    },
  };
}

export function createLifecycle(
  state: MemoryState,
  others: Pick<MetadataObjects, 'deleteObject'> & Pick<MetadataUploads, 'abortUpload' | 'abortUploadsOf'>,
): MetadataLifecycle {
  const activeBucket = (id: number): StoredBucket | undefined => {
    const bucket = state.buckets.get(id);
    return bucket === undefined || bucket.deleted ? undefined : bucket;
  };
  const versionOf = (request: Pick<ReplaceBlob, 'bucketId' | 'key' | 'seq'>): StoredVersion | undefined =>
    activeBucket(request.bucketId)
      ?.versions.get(request.key)
      ?.find((stored) => stored.version.seq === request.seq);

  return {
    ...createWalk(state),

    async expireVersion(request): Promise<ExpireOutcome> {
      const found = versionOf(request);
      if (found === undefined || !isAsJudged(activeBucket(request.bucketId), found, request)) return 'changed';
      const { versionId } = found.version;
      try {
        await others.deleteObject({
          bucketId: request.bucketId,
          key: request.key,
          ...(request.place === 'current' ? {} : { versionId }),
          preconditions: {},
          actor: request.actor,
        });
        return 'done';
      } catch (error) {
        if (isFault(error, 'AccessDenied')) return 'locked';
        throw error;
      }
    },

    async replaceBlob(request) {
      const found = versionOf(request);
      if (found === undefined || found.version.deleteMarker) return false;
      const part = found.upload?.parts.get(request.partNumber);
      const old = request.partNumber === 0 && found.upload === null ? dataBlobOf(found) : part?.record.blobId;
      if (old !== request.old) return false;
      const { bucketId, redundancyClass, blobId, storedBytes: bytes, layout, blockBytes, digests, replicas } = request;
      const record = { blobId, bytes, layout, blockBytes, digests, replicas };
      insertBlob(state, { record, bucketId, redundancyClass, tags: found.version.tags });
      if (part === undefined || found.upload === null) {
        found.dataBlobId = blobId;
        found.version = { ...found.version, redundancyClass };
        noteMove(state, found.version, request.actor);
      } else {
        found.upload.parts.set(request.partNumber, { ...part, record: { ...part.record, blobId } });
      }
      doomBlob(state, old);
      noteLock(state, found);
      return true;
    },

    async settleClass(request) {
      const found = versionOf(request);
      const { redundancyClass } = request;
      if (found?.upload == null || outside(state, found.upload, redundancyClass).length > 0) return false;
      found.version = { ...found.version, redundancyClass };
      noteMove(state, found.version, request.actor);
      return true;
    },

    async purgeUploads({ rememberedMs, limit, actor }) {
      let taken = 0;
      for (const [uploadId, upload] of state.uploads) {
        if (taken >= limit) break;
        const { bucketId } = upload.record;
        const bucket = state.buckets.get(bucketId);
        if (upload.record.state === 'open' && bucket?.deleted === true) {
          await others.abortUploadsOf(bucketId, bucket.record.name, actor);
          taken += 1;
        } else if (isForgettable(state, upload, rememberedMs)) {
          state.uploads.delete(uploadId);
          taken += 1;
        }
      }
      return taken;
    },
  };
}

function createWalk(
  state: MemoryState,
): Pick<MetadataLifecycle, 'databaseTime' | 'nextLifecycleBucket' | 'walkVersions' | 'segmentsOutside'> {
  return {
    databaseTime: async () => state.clock.now(),

    async nextLifecycleBucket(afterId) {
      const found = [...state.buckets.values()]
        .filter(({ record, deleted }) => !deleted && record.id > afterId && record.configs.lifecycle !== undefined)
        .sort((a, b) => a.record.id - b.record.id);
      return found[0] && bucketOf(state, found[0].record);
    },

    async walkVersions({ bucketId, prefix, after, limit }) {
      const bucket = state.buckets.get(bucketId);
      const keys = (bucket?.keys ?? []).filter(
        (key) =>
          key.startsWith(prefix) && (after === null || Buffer.compare(Buffer.from(key), Buffer.from(after.key)) >= 0),
      );
      const rows = keys.flatMap((key) => (bucket?.versions.get(key) ?? []).map((stored) => stored.version).reverse());
      const behind = rows.filter((row) => row.key !== after?.key || row.seq < after.seq);
      return { versions: behind.slice(0, limit), more: behind.length > limit };
    },

    async segmentsOutside(version, redundancyClass, limit) {
      const upload = [...state.uploads.values()].find((other) => other.result?.answer.seq === version.seq);
      return upload === undefined ? [] : outside(state, upload, redundancyClass).slice(0, limit);
    },
  };
}

function isAsJudged(bucket: StoredBucket | undefined, found: StoredVersion, judged: JudgedVersion): boolean {
  const versions = bucket?.versions.get(judged.key) ?? [];
  const { deleteMarker, tags } = found.version;
  if (JSON.stringify(sorted(tags)) !== JSON.stringify(sorted(judged.tags))) return false;
  const newest = versions.at(-1) === found;
  if (judged.place === 'current') return newest && !deleteMarker;
  if (judged.place === 'lone-marker') return deleteMarker && versions.length === 1;
  const current = versions.at(-1);
  const newer = versions.filter(
    (other) => other.version.seq > judged.seq && other !== current && !other.version.deleteMarker,
  );
  return !newest && newer.length >= judged.newerVersions;
}

function sorted(tags: Readonly<Record<string, string>> | null): readonly (readonly [string, string])[] | null {
  return tags === null ? null : Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
}

function outside(state: MemoryState, upload: StoredUpload, redundancyClass: string): SegmentRecord[] {
  const parts = [...upload.parts.values()].sort((a, b) => a.record.partNumber - b.record.partNumber);
  return parts.flatMap(({ record, offset }) => {
    const blob = shownBlob(state, record.blobId);
    const there = state.blobs.get(record.blobId)?.redundancyClass === redundancyClass;
    return blob === null || there ? [] : [{ partNumber: record.partNumber, offset, bytes: record.bytes, blob }];
  });
}

function isForgettable(state: MemoryState, upload: StoredUpload, rememberedMs: number): boolean {
  const { endedAtMs } = upload;
  if (endedAtMs === undefined || endedAtMs > state.clock.now() - rememberedMs) return false;
  return [...upload.parts.values()].every((part) => !state.blobs.has(part.record.blobId));
}
