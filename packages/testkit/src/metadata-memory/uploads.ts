import { type BackendId, type BlobId, encodeVersionId, type ObjectKey } from '@sealgate/core/names';
import type { CommitUpload, MetadataObjects, MetadataUploads, ObjectVersion } from '@sealgate/core/ports';
import { doomBlob, insertBlob } from './blobs.ts';
import { lockable, noteLock } from './locks.ts';
import { noteEvent } from './notifications.ts';
import { checkPreconditions, nextSeq, retire } from './objects.ts';
import {
  activeBucket,
  addVersion,
  compareKeys,
  current,
  fail,
  type MemoryState,
  type StoredPart,
  type StoredUpload,
  type StoredVersion,
} from './state.ts';

function known(state: MemoryState, bucketId: number, key: ObjectKey, uploadId: string): StoredUpload | undefined {
  const upload = state.uploads.get(uploadId);
  const fits = upload?.record.bucketId === bucketId && upload.record.key === key && upload.record.state !== 'aborted';
  return fits ? upload : undefined;
}

function open(state: MemoryState, bucketId: number, key: ObjectKey, uploadId: string): StoredUpload {
  const upload = known(state, bucketId, key, uploadId);
  return upload?.record.state === 'open' ? upload : fail('NoSuchUpload');
}

function abort(state: MemoryState, upload: StoredUpload): void {
  for (const part of upload.parts.values()) doomBlob(state, part.record.blobId);
  upload.parts = new Map();
  upload.record = { ...upload.record, state: 'aborted' };
  upload.endedAtMs = state.clock.now();
}

export function createUploads(state: MemoryState): MetadataUploads & Pick<MetadataObjects, 'commitUpload'> {
  return {
    async createUpload({ actor: _actor, ...upload }) {
      lockable(activeBucket(state, upload.bucketId), upload.attributes);
      const record = { ...upload, state: 'open' as const, createdAtMs: state.clock.now() };
      state.uploads.set(upload.uploadId, { record, parts: new Map(), result: null });
    },

    async upload(bucketId, key, uploadId) {
      return known(state, bucketId, key, uploadId)?.record;
    },

    async commitPart(part) {
      activeBucket(state, part.bucketId);
      const upload = open(state, part.bucketId, part.key, part.uploadId);
      const {
        blobId,
        bytes,
        storedBytes,
        layout,
        blockBytes,
        digests,
        replicas,
        partNumber,
        etag,
        checksum,
        inspection,
      } = part;
      const record = { blobId, bytes: storedBytes, layout, blockBytes, digests, replicas };
      const { redundancyClass, tags } = upload.record;
      insertBlob(state, { record, bucketId: part.bucketId, redundancyClass, tags });
      const old = upload.parts.get(partNumber);
      if (old !== undefined) doomBlob(state, old.record.blobId);
      const modifiedAtMs = state.clock.now();
      upload.parts.set(partNumber, {
        record: { partNumber, bytes, etag, checksum, inspection, blobId, storedOn: [], modifiedAtMs },
        offset: 0,
      });
      return { modifiedAtMs };
    },

    async listParts(uploadId, afterPartNumber, limit) {
      const upload = state.uploads.get(uploadId);
      return [...(upload?.parts.values() ?? [])]
        .map(({ record }) => ({ ...record, storedOn: storedOn(state, record.blobId) }))
        .filter((part) => part.partNumber > afterPartNumber)
        .sort((a, b) => a.partNumber - b.partNumber)
        .slice(0, limit);
    },

    async listUploads(request) {
      return listUploads(state, request);
    },

    async abortUpload({ bucketId, key, uploadId }) {
      activeBucket(state, bucketId);
      abort(state, open(state, bucketId, key, uploadId));
    },

    async abortUploadsOf(bucketId) {
      for (const upload of state.uploads.values()) {
        if (upload.record.bucketId === bucketId && upload.record.state === 'open') abort(state, upload);
      }
    },

    async commitUpload(request) {
      return commitUpload(state, request);
    },
  };
}

function commitUpload(state: MemoryState, request: CommitUpload) {
  const numbers = request.parts.map((part) => part.partNumber);
  if (numbers.length === 0 || numbers.some((number, i) => i > 0 && number <= (numbers[i - 1] ?? 0)))
    fail('InvalidPartOrder');
  const bucket = activeBucket(state, request.bucketId);
  const upload = known(state, request.bucketId, request.key, request.uploadId);
  const partList = request.parts.map((part) => `${part.partNumber}:${part.etag}\n`).join('');
  if (upload === undefined || (upload.result !== null && upload.result.partList !== partList)) fail('NoSuchUpload');
  const versioned = bucket.record.versioning === 'enabled';
  if (upload.result !== null) return { ...upload.result.answer, versioned };

  const segments = chosenParts(upload, request);
  checkPreconditions(current(bucket, request.key), request.preconditions);
  for (const [number, part] of upload.parts) if (!segments.has(number)) doomBlob(state, part.record.blobId);
  upload.parts = segments;
  upload.record = { ...upload.record, state: 'completed' };
  retire(state, bucket, request.key);
  const blobId = segments.values().next().value?.record.blobId ?? fail('InvalidPart');
  const seq = nextSeq(state);
  const version: ObjectVersion = {
    bucketId: request.bucketId,
    key: request.key,
    seq,
    versionId: versioned ? encodeVersionId(seq, blobId) : 'null',
    deleteMarker: false,
    bytes: request.bytes,
    etag: request.etag,
    modifiedAtMs: state.clock.now(),
    redundancyClass: upload.record.redundancyClass,
    headers: { ...upload.record.headers, ...(request.manifest === undefined ? {} : { manifest: request.manifest }) },
    checksum: request.checksum,
    envelope: request.envelope,
    verdict: request.verdict,
    tags: upload.record.tags,
    attributes: upload.record.attributes,
    blob: null,
    parts: numbers.length,
  };
  const stored: StoredVersion = { version, blobId, upload };
  addVersion(bucket, stored);
  noteLock(state, stored);
  noteEvent(state, bucket, {
    name: 'ObjectCreated:CompleteMultipartUpload',
    version: stored.version,
    actor: request.actor,
  });
  upload.result = { partList, answer: answer(version) };
  return { ...answer(version), versioned };
}

function chosenParts(upload: StoredUpload, request: CommitUpload): Map<number, StoredPart> {
  const chosen = new Map<number, StoredPart>();
  let offset = 0;
  for (const { partNumber, etag, checksum } of request.parts) {
    const part = upload.parts.get(partNumber)?.record;
    if (part?.etag !== etag || (checksum !== undefined && part.checksum?.value !== checksum)) fail('InvalidPart');
    chosen.set(partNumber, { record: part, offset });
    offset += part.bytes;
  }
  if (offset !== request.bytes) fail('InvalidPart');
  return chosen;
}

function answer({ seq, versionId, modifiedAtMs }: ObjectVersion) {
  return { seq, versionId, modifiedAtMs };
}

function listUploads(state: MemoryState, request: Parameters<MetadataUploads['listUploads']>[0]) {
  const { bucketId, prefix, delimiter, keyMarker, uploadIdMarker, limit } = request;
  // A Map keeps insertion order, which is the order of creation.
  const all = [...state.uploads.values()].map((upload) => upload.record);
  const markerAt = all.findIndex((upload) => upload.uploadId === uploadIdMarker);
  const uploads = all
    .map((upload, order) => ({ upload, order }))
    .filter(({ upload }) => upload.bucketId === bucketId && upload.state === 'open' && upload.key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.upload.key, b.upload.key) || a.order - b.order);
  const lines: { name: string; upload?: (typeof uploads)[number]['upload'] }[] = [];
  for (const { upload, order } of uploads) {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const name = at < 0 ? upload.key : upload.key.slice(0, at + delimiter.length);
    const behind = keyMarker === '' || compareKeys(name, keyMarker) > 0;
    const sameKey = at < 0 && upload.key === keyMarker && markerAt >= 0 && order > markerAt;
    if (!behind && !sameKey) continue;
    if (at < 0) lines.push({ name, upload });
    else if (lines.at(-1)?.name !== name) lines.push({ name });
  }
  const page = lines.slice(0, Math.max(0, limit));
  const last = limit > 0 && lines.length > limit ? page.at(-1) : undefined;
  return {
    uploads: page.flatMap((line) => line.upload ?? []),
    commonPrefixes: page.filter((line) => line.upload === undefined).map((line) => line.name),
    truncated: last !== undefined,
    nextKeyMarker: last?.name ?? null,
    nextUploadIdMarker: last?.upload?.uploadId ?? null,
  };
}

function storedOn(state: MemoryState, blobId: BlobId): readonly BackendId[] {
  const replicas = state.blobs.get(blobId)?.record.replicas ?? [];
  return replicas.filter((replica) => replica.state === 'stored').map((replica) => replica.backend);
}
