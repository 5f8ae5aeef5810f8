import type { BackendId } from '@sealgate/core/names';
import type {
  BlobRecord,
  MetadataPlacement,
  ReplicaChange,
  ReplicaChangeOutcome,
  ReplicaPlace,
} from '@sealgate/core/ports';
import { armRemovals, enqueueRepair, placeKey } from './blobs.ts';
import { noteErased } from './erasures.ts';
import type { MemoryState, Removal, RepairJob, StoredBlob } from './state.ts';

/** As in the PostgreSQL driver. */
const BARRED_MS = 60 * 60_000;
const NO_ROOM_MS = 30 * 60_000;

export function createPlacement(state: MemoryState): MetadataPlacement {
  return { ...createChanges(state), ...createRemovals(state) };
}

/** A copy that the row of its blob does not name. */
export function addStray(state: MemoryState, place: ReplicaPlace, bucketId: number): void {
  const dueAtMs = state.clock.now() + state.deletionGraceMs;
  state.removals.set(placeKey(place), { ...place, bucketId, needed: 0, state: 'waiting', dueAtMs });
}

type Removals = Pick<MetadataPlacement, 'leaseRemovals' | 'finishRemovals'>;

function createChanges(state: MemoryState): Omit<MetadataPlacement, keyof Removals> {
  const misses = (blob: StoredBlob | undefined): blob is StoredBlob =>
    blob?.doomedAtMs === null && blob.record.replicas.some((replica) => replica.state === 'missing');
  const withoutRoom = ({ blobId, replicas }: BlobRecord): BackendId[] => {
    if (!replicas.some((replica) => replica.state === 'missing')) return [];
    const known = [...state.jobs.values()].find((job) => job.blobId === blobId)?.noRoom ?? [];
    return [...known].filter(([, atMs]) => atMs > state.clock.now() - NO_ROOM_MS).map(([id]) => id);
  };
  return {
    placementEpoch: async () => state.placementEpoch,

    async walkBlobs(after, limit) {
      return [...state.blobs.values()]
        .filter(({ record }) => record.blobId > (after ?? ''))
        .sort((a, b) => (a.record.blobId < b.record.blobId ? -1 : 1))
        .slice(0, limit)
        .map(({ bucketId, redundancyClass, residency, doomedAtMs, record }) => ({
          bucketId,
          redundancyClass,
          residency,
          doomed: doomedAtMs !== null,
          noRoom: withoutRoom(record),
          blob: { ...record, digests: null },
        }));
    },

    changeReplicas: async (changes) => changes.map((change) => changeReplicas(state, change)),

    async askForRepairs(blobIds) {
      const before = state.jobs.size;
      for (const blobId of blobIds) if (misses(state.blobs.get(blobId))) enqueueRepair(state, blobId);
      return state.jobs.size - before;
    },

    async hurryRepairs(backend) {
      const owed = (job: RepairJob) => state.blobs.get(job.blobId)?.record.replicas ?? [];
      return hurry(state, (job) => owed(job).some((r) => r.backend === backend && r.state === 'missing'));
    },
  };
}

/** Those that wait until later need not. How many. */
function hurry(state: MemoryState, which: (job: RepairJob) => boolean): number {
  const now = state.clock.now();
  const waiting = [...state.jobs.values()].filter(
    (job) => job.state === 'waiting' && job.startAtMs > now && which(job),
  );
  for (const job of waiting) job.startAtMs = now;
  return waiting.length;
}

function changeReplicas(state: MemoryState, { blobId, expected, next }: ReplicaChange): ReplicaChangeOutcome {
  const blob = state.blobs.get(blobId);
  const now = blob?.record.replicas ?? [];
  if (blob?.doomedAtMs !== null || textOf(now) !== textOf(expected)) return 'changed';
  const stateAt = (place: { backend: string; shard: number }, within: typeof now) =>
    within.find((r) => r.backend === place.backend && r.shard === place.shard)?.state;
  if (now.some((replica) => stateAt(replica, next) === undefined)) return 'refused';
  for (const replica of next) {
    const was = stateAt(replica, now);
    if ((replica.state === 'stored' || replica.state === 'pending') && was !== replica.state) return 'refused';
    if (replica.state === 'leaving' && (was === undefined || was === 'pending')) return 'refused';
    const removal = state.removals.get(placeKey({ blobId, ...replica }));
    const reused = replica.state === 'missing' && (was === undefined || was === 'leaving');
    if (reused && removal !== undefined && (removal.state !== 'waiting' || was === undefined)) return 'barred';
  }
  state.blobs.set(blobId, { ...blob, record: { ...blob.record, replicas: next } });
  const needed = next.filter((replica) => replica.state !== 'leaving').length;
  for (const { backend, shard, state: to } of next) {
    const place = { blobId, backend, shard };
    const known = state.removals.get(placeKey(place));
    if (to === 'missing') state.removals.delete(placeKey(place));
    if (to !== 'leaving') continue;
    const fresh: Removal = {
      ...place,
      bucketId: blob.bucketId,
      needed,
      state: 'waiting',
      dueAtMs: Number.POSITIVE_INFINITY,
    };
    state.removals.set(placeKey(place), known === undefined ? fresh : { ...known, needed });
  }
  armRemovals(state, blobId);
  if (next.some((replica) => replica.state === 'missing')) enqueueRepair(state, blobId);
  const anew = next.some(
    (replica) => replica.state === 'missing' && (stateAt(replica, now) ?? 'leaving') === 'leaving',
  );
  if (anew) hurry(state, (job) => job.blobId === blobId);
  return 'done';
}

function textOf(replicas: ReplicaChange['expected']): string {
  return replicas.map((r) => `${r.backend}/${r.shard}/${r.state}`).join();
}

function createRemovals(state: MemoryState): Removals {
  /** Whether it may go now, or what becomes of its row. */
  function judge(removal: Removal): 'go' | 'drop' | 'wait' {
    if (removal.state === 'gone') return 'drop';
    const blob = state.blobs.get(removal.blobId);
    const replicas = blob?.record.replicas ?? [];
    const own = replicas.find((r) => r.backend === removal.backend && r.shard === removal.shard);
    if (own === undefined) return 'go';
    if (blob?.doomedAtMs !== null || own.state !== 'leaving') return 'drop';
    const owed = replicas.some((r) => r.state === 'missing' || r.state === 'pending');
    return owed || replicas.filter((r) => r.state === 'stored').length < removal.needed ? 'wait' : 'go';
  }

  return {
    async leaseRemovals(limit, leaseMs) {
      const now = state.clock.now();
      const due = [...state.removals.values()]
        .filter(({ dueAtMs }) => dueAtMs <= now)
        .sort((a, b) => a.dueAtMs - b.dueAtMs)
        .slice(0, limit);
      return due.flatMap((removal) => {
        const key = placeKey(removal);
        const verdict = judge(removal);
        if (verdict === 'drop') state.removals.delete(key);
        if (verdict === 'wait') {
          state.removals.set(key, { ...removal, state: 'waiting', dueAtMs: Number.POSITIVE_INFINITY });
        }
        if (verdict !== 'go') return [];
        state.removals.set(key, { ...removal, state: 'leased', dueAtMs: now + leaseMs });
        const { blobId, backend, shard } = removal;
        return [{ blobId, backend, shard, bucket: state.buckets.get(removal.bucketId)?.physical.get(backend) }];
      });
    },

    async finishRemovals(gone) {
      for (const place of gone) {
        const removal = state.removals.get(placeKey(place));
        if (removal?.state !== 'leased') continue;
        state.removals.set(placeKey(place), { ...removal, state: 'gone', dueAtMs: state.clock.now() + BARRED_MS });
        const blob = state.blobs.get(place.blobId);
        if (blob === undefined) continue;
        const left = blob.record.replicas.find((r) => r.backend === place.backend && r.shard === place.shard);
        if (left?.state === 'leaving') noteErased(state, blob, [place]);
        const replicas = blob.record.replicas.filter(
          (r) => r.state !== 'leaving' || r.backend !== place.backend || r.shard !== place.shard,
        );
        state.blobs.set(place.blobId, { ...blob, record: { ...blob.record, replicas } });
      }
    },
  };
}
