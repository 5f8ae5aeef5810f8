import type { BackendId, BlobId } from '@sealgate/core/names';
import type { BlobRecord, JobKind, ReplicaPlace, ReplicaRecord } from '@sealgate/core/ports';
import { noteLock } from './locks.ts';
import { fail, type MemoryState, nextNumber, type StoredBlob, type StoredVersion } from './state.ts';

/** As in the PostgreSQL driver. */
const LEAVING_GRACE_MS = 5000;

/** Publishes a blob with its replication intent. An id that was published or given up before never comes in again. */
export function insertBlob(
  state: MemoryState,
  blob: {
    readonly record: BlobRecord;
    readonly bucketId: number;
    readonly redundancyClass: string;
    readonly tags: Readonly<Record<string, string>> | null;
  },
): void {
  const { record, tags, ...place } = blob;
  if (state.blobs.has(record.blobId) || blobTime(record.blobId) < state.clock.now() - state.attemptAgeMaxMs)
    fail('Conflict');
  const owedAtMs = state.clock.now() + state.pendingGraceMs + Math.floor(record.bytes / 4194);
  const pending = record.replicas.some((replica) => replica.state === 'pending');
  state.blobs.set(record.blobId, {
    ...place,
    record,
    residency: tags?.['residency'] ?? null,
    owedAtMs: pending ? owedAtMs : null,
    doomedAtMs: null,
  });
  if (record.replicas.some((replica) => replica.state === 'missing')) enqueueRepair(state, record.blobId);
}

export function blobTime(blobId: BlobId): number {
  return Number.parseInt(blobId.replaceAll('-', '').slice(0, 12), 16);
}

/** One job a blob, waiting or under way. One that waits for a replication becomes a repair when the class owes it too. */
export function enqueueRepair(state: MemoryState, blobId: BlobId): void {
  enqueueBlobJob(state, { blobId, kind: 'repair', priority: 0 });
}

export function enqueueBlobJob(
  state: MemoryState,
  wanted: { readonly blobId: BlobId; readonly kind: JobKind; readonly priority: number },
): void {
  const { blobId, kind, priority } = wanted;
  for (const job of state.jobs.values()) {
    if (job.blobId !== blobId) continue;
    if (job.state === 'waiting') {
      if (kind === 'repair') job.kind = kind;
      job.priority = Math.max(job.priority, priority);
    }
    return;
  }
  const jobId = `00000000-0000-4000-8000-${nextNumber(state).toString(16).padStart(12, '0')}`;
  const now = state.clock.now();
  state.jobs.set(jobId, {
    ...{ jobId, blobId, kind, priority, createdAtMs: now, lastError: null, noRoom: new Map(), lease: null },
    ...{ state: 'waiting', startAtMs: now, attempts: 0 },
  });
}

export function doomBlob(state: MemoryState, blobId: BlobId): void {
  const blob = state.blobs.get(blobId);
  if (blob !== undefined) state.blobs.set(blobId, { ...blob, doomedAtMs: state.clock.now() + state.deletionGraceMs });
}

/** The blob of a version put whole. */
export function dataBlobOf(stored: StoredVersion): BlobId {
  return stored.dataBlobId ?? stored.blobId;
}

/** Queues all bytes of a version that has just gone. */
export function doomVersion(state: MemoryState, stored: StoredVersion): void {
  if (stored.version.deleteMarker) return;
  if (stored.upload === null) doomBlob(state, dataBlobOf(stored));
  else {
    for (const part of stored.upload.parts.values()) doomBlob(state, part.record.blobId);
    stored.upload.endedAtMs = state.clock.now();
  }
}

export function placeKey({ blobId, backend, shard }: ReplicaPlace): string {
  return `${blobId}/${backend}/${shard}`;
}

/** Copies that leave may go, after the grace time, once nothing of the blob is owed. */
export function armRemovals(state: MemoryState, blobId: BlobId): void {
  const replicas = state.blobs.get(blobId)?.record.replicas ?? [];
  if (replicas.some((r) => r.state === 'missing' || r.state === 'pending')) return;
  for (const [key, removal] of state.removals) {
    if (removal.blobId !== blobId || removal.dueAtMs !== Number.POSITIVE_INFINITY) continue;
    state.removals.set(key, {
      ...removal,
      dueAtMs: state.clock.now() + Math.min(state.deletionGraceMs, LEAVING_GRACE_MS),
    });
  }
}

/** A copy came to a further place: backends are to hear of the retention of its version. */
function noteLocksOfBlob(state: MemoryState, blobId: BlobId): void {
  const bucket = state.buckets.get(state.blobs.get(blobId)?.bucketId ?? 0);
  if (bucket?.record.objectLock !== true) return;
  for (const stored of [...bucket.versions.values()].flat()) {
    const parts = [...(stored.upload?.parts.values() ?? [])].map((part) => part.record.blobId);
    if (stored.upload === null ? dataBlobOf(stored) === blobId : parts.includes(blobId)) noteLock(state, stored);
  }
}

/** The blob as a reader gets it: a long digest list is left out. */
export function shownBlob(state: MemoryState, blobId: BlobId): BlobRecord | null {
  return state.blobs.get(blobId)?.record ?? null;
}

/** False when the blob is not wanted any more. With `known` a replica that is not there yet changes nothing. */
export function markReplica(
  state: MemoryState,
  blobId: BlobId,
  replica: ReplicaRecord,
  options: { readonly known: boolean },
): boolean {
  const blob = state.blobs.get(blobId);
  if (blob === undefined || blob.doomedAtMs !== null) return false;
  const at = blob.record.replicas.findIndex((r) => r.backend === replica.backend && r.shard === replica.shard);
  const barred =
    at < 0 &&
    (options.known || state.removals.has(placeKey({ blobId, ...replica })) || isStray(state, blobId, replica));
  if (barred || blob.record.replicas[at]?.state === 'leaving') return replica.state !== 'stored';
  const was = blob.record.replicas[at]?.state;
  const replicas = at < 0 ? [...blob.record.replicas, replica] : blob.record.replicas.with(at, replica);
  const pending = replicas.some((r) => r.state === 'pending');
  state.blobs.set(blobId, { ...blob, record: { ...blob.record, replicas }, owedAtMs: pending ? blob.owedAtMs : null });
  if (replica.state === 'missing') enqueueRepair(state, blobId);
  if (replica.state === 'stored') {
    armRemovals(state, blobId);
    if (was !== 'pending' && was !== 'stored') noteLocksOfBlob(state, blobId);
  }
  return true;
}

/** The sweep has claimed the copy there, or removed it a short while ago. */
function isStray(state: MemoryState, blobId: BlobId, { backend, shard }: ReplicaRecord): boolean {
  return [...state.strays.values()].some(
    ({ copy }) => copy.blobId === blobId && copy.backend === backend && copy.shard === shard,
  );
}

/** An attempt that nothing knows can never be published from now on, and its bytes are removed. */
export function giveUp(
  state: MemoryState,
  attempt: {
    readonly blobId: BlobId;
    readonly bucketId: number;
    readonly replicas: readonly { readonly backend: BackendId; readonly shard: number }[];
    readonly dueAtMs: number;
  },
): void {
  const { blobId, bucketId, dueAtMs } = attempt;
  const replicas = attempt.replicas.map(({ backend, shard }) => ({ backend, shard, state: 'pending' as const }));
  const layout = { kind: 'copies' as const };
  const record = { blobId, bytes: 0, layout, blockBytes: 1, digests: new Uint8Array(), replicas };
  state.blobs.set(blobId, {
    record,
    bucketId,
    redundancyClass: '',
    residency: null,
    owedAtMs: null,
    doomedAtMs: dueAtMs,
  });
}

/** Of a blob that is not to go. */
export function wantedBlob(state: MemoryState, blobId: BlobId): StoredBlob | undefined {
  const blob = state.blobs.get(blobId);
  return blob?.doomedAtMs === null ? blob : undefined;
}

/** Copies that were still being written long after their commit are missing. */
export function promoteOwed(state: MemoryState): void {
  for (const blob of state.blobs.values()) {
    if (blob.owedAtMs === null || blob.owedAtMs > state.clock.now() || blob.doomedAtMs !== null) continue;
    const replicas = blob.record.replicas.map((r) => (r.state === 'pending' ? { ...r, state: 'missing' as const } : r));
    state.blobs.set(blob.record.blobId, { ...blob, owedAtMs: null, record: { ...blob.record, replicas } });
    enqueueRepair(state, blob.record.blobId);
  }
}
