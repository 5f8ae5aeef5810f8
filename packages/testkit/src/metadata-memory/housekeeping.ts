import type { BlobId } from '@sealgate/core/names';
import type { DueDeletion, MetadataHousekeeping, PendingRepair } from '@sealgate/core/ports';
import { dataBlobOf, giveUp, markReplica, wantedBlob } from './blobs.ts';
import { noteErased } from './erasures.ts';
import { createLockPushes } from './locks.ts';
import { addStray } from './placement.ts';
import type { MemoryState, StoredBlob } from './state.ts';

export function createHousekeeping(state: MemoryState): MetadataHousekeeping {
  return { ...createDeletions(state), ...createRepairs(state), ...createLockPushes(state) };
}

function createDeletions(
  state: MemoryState,
): Pick<MetadataHousekeeping, 'enqueueDeletion' | 'leaseDeletions' | 'finishDeletion'> {
  /** Nothing is handed out that a version or a part still refers to. */
  const referredTo = (blobId: BlobId): boolean => {
    for (const bucket of state.buckets.values()) {
      for (const versions of bucket.versions.values()) {
        if (versions.some((stored) => dataBlobOf(stored) === blobId && stored.upload === null)) return true;
        for (const { upload } of versions) {
          if (upload !== null && [...upload.parts.values()].some((part) => part.record.blobId === blobId)) return true;
        }
      }
    }
    const open = [...state.uploads.values()].filter((upload) => upload.record.state === 'open');
    return open.some((upload) => [...upload.parts.values()].some((part) => part.record.blobId === blobId));
  };
  const dueDeletion = (blob: StoredBlob): DueDeletion => ({
    blobId: blob.record.blobId,
    replicas: blob.record.replicas.flatMap(({ backend, shard }) => {
      const bucket = state.buckets.get(blob.bucketId)?.physical.get(backend);
      return bucket === undefined ? [] : [{ backend, shard, bucket }];
    }),
  });

  return {
    async enqueueDeletion({ blobId, bucketId, replicas }) {
      const known = state.blobs.get(blobId);
      if (known === undefined) {
        giveUp(state, { blobId, bucketId, replicas, dueAtMs: state.clock.now() + state.deletionGraceMs });
        return;
      }
      const places = replicas.map((place) => ({ ...place, state: 'pending' as const }));
      if (known.doomedAtMs === null) {
        for (const place of places) {
          const named = known.record.replicas.some((r) => r.backend === place.backend && r.shard === place.shard);
          if (!named) addStray(state, { blobId, backend: place.backend, shard: place.shard }, bucketId);
        }
        return;
      }
      const others = known.record.replicas.filter(
        (old) => !places.some((place) => place.backend === old.backend && place.shard === old.shard),
      );
      state.blobs.set(blobId, { ...known, record: { ...known.record, replicas: [...others, ...places] } });
    },

    async leaseDeletions(limit, leaseMs) {
      const now = state.clock.now();
      const due = [...state.blobs.values()]
        .filter((blob) => blob.doomedAtMs !== null && blob.doomedAtMs <= now)
        .sort((a, b) => (a.doomedAtMs ?? 0) - (b.doomedAtMs ?? 0))
        .slice(0, limit);
      const leased: DueDeletion[] = [];
      for (const blob of due) {
        const { blobId } = blob.record;
        if (referredTo(blobId)) state.blobs.set(blobId, { ...blob, doomedAtMs: null });
        else {
          const deletion = dueDeletion(blob);
          if (deletion.replicas.length === 0) state.blobs.delete(blobId);
          else {
            state.blobs.set(blobId, { ...blob, doomedAtMs: now + leaseMs });
            leased.push(deletion);
          }
        }
      }
      return leased;
    },

    async finishDeletion(blobId, gone) {
      const blob = state.blobs.get(blobId);
      if (blob === undefined || blob.doomedAtMs === null) return;
      const replicas = blob.record.replicas.filter(
        (old) => !gone.some((place) => place.backend === old.backend && place.shard === old.shard),
      );
      noteErased(state, blob, gone);
      if (replicas.length > 0) state.blobs.set(blobId, { ...blob, record: { ...blob.record, replicas } });
      else state.blobs.delete(blobId);
    },
  };
}

function createRepairs(
  state: MemoryState,
): Omit<
  MetadataHousekeeping,
  'enqueueDeletion' | 'leaseDeletions' | 'finishDeletion' | 'leaseLockPushes' | 'finishLockPush'
> {
  const wanted = (blobId: BlobId): StoredBlob | undefined => wantedBlob(state, blobId);

  return {
    async markReplica(blobId, replica) {
      return markReplica(state, blobId, replica, { known: false });
    },
    async blobForRepair(blobId) {
      const blob = wanted(blobId);
      return blob && pendingOf(blob);
    },
    async blobsForRepair(blobIds) {
      return blobIds.flatMap((blobId) => {
        const blob = wanted(blobId);
        return blob === undefined ? [] : [pendingOf(blob)];
      });
    },
    async reportBadReplica(blobId, backend, shard) {
      markReplica(state, blobId, { backend, shard, state: 'missing' }, { known: true });
    },
  };
}

function pendingOf({ bucketId, redundancyClass, residency, record }: StoredBlob): PendingRepair {
  return { bucketId, redundancyClass, residency, blob: record };
}
