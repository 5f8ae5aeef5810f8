import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { MetadataSweeps, StrayCopy } from '@sealgate/core/ports';
import { blobTime, giveUp, placeKey } from './blobs.ts';
import { noteBucketErased } from './erasures.ts';
import { oldSnapshots } from './snapshots.ts';
import type { MemoryState, StoredBlob, StoredBucket } from './state.ts';

export function createSweeps(state: MemoryState): MetadataSweeps {
  const oldBefore = (): number => state.clock.now() - state.attemptAgeMaxMs;
  const bucketsOf = (backend: BackendId, name: PhysicalBucketName): StoredBucket[] =>
    [...state.buckets.values()].filter((bucket) => bucket.physical.get(backend) === name);
  const liesAt = (blob: StoredBlob, { backend, shard, bucket }: Omit<StrayCopy, 'blobId'>): boolean =>
    blob.record.replicas.some((replica) => replica.backend === backend && replica.shard === shard) &&
    state.buckets.get(blob.bucketId)?.physical.get(backend) === bucket;
  const isQuiet = (bucket: StoredBucket): boolean => {
    const { id } = bucket.record;
    const doomed = [...state.blobs.values()].some((blob) => blob.bucketId === id && blob.doomedAtMs !== null);
    const planned = [...state.writePlans.values()].some((plan) => plan.bucketId === id && plan.committed === null);
    return (bucket.deletedAtMs ?? Number.POSITIVE_INFINITY) < oldBefore() && !doomed && !planned;
  };
  const hasOpenUpload = (bucket: StoredBucket): boolean =>
    [...state.uploads.values()].some(({ record }) => record.bucketId === bucket.record.id && record.state === 'open');

  const strayTombstones = (before: number): (() => void)[] =>
    [...state.strays].flatMap(([id, { removedAtMs }]) =>
      removedAtMs !== null && removedAtMs < before ? [() => void state.strays.delete(id)] : [],
    );
  const forgettable = (before: number): (() => void)[] =>
    [...state.buckets].flatMap(([id, bucket]) => {
      const gone = (bucket.deletedAtMs ?? Number.POSITIVE_INFINITY) < before && bucket.physical.size === 0;
      const doomed = [...state.blobs.values()].some((blob) => blob.bucketId === id);
      return gone && !doomed && !hasOpenUpload(bucket) ? [() => void state.buckets.delete(id)] : [];
    });
  const snapshotsBefore = (before: number) => oldSnapshots(state, before);

  return {
    async nextPhysicalBucket(backend, after) {
      const names = [...state.buckets.values()].flatMap((bucket) => bucket.physical.get(backend) ?? []);
      const [name] = names.filter((each) => each > after).sort();
      if (name === undefined) return undefined;
      const abandoned = bucketsOf(backend, name).every((bucket) => isQuiet(bucket) && !hasOpenUpload(bucket));
      return { name, abandoned };
    },

    async sweepPage({ backend, bucket, copies }) {
      const found = { held: state.sweepHold !== null, unknown: 0, misplaced: 0 };
      const [owner] = bucketsOf(backend, bucket);
      if (found.held || owner === undefined) return found;
      for (const { blobId, shard, settled } of copies.filter((copy) => blobTime(copy.blobId) < oldBefore())) {
        const blob = state.blobs.get(blobId);
        const place = { backend, shard, bucket };
        if (blob === undefined) {
          giveUp(state, { blobId, bucketId: owner.record.id, replicas: [place], dueAtMs: state.clock.now() });
          found.unknown += 1;
        } else if (settled && !liesAt(blob, place) && !state.removals.has(placeKey({ ...place, blobId }))) {
          const id = strayId({ ...place, blobId });
          if (state.strays.get(id)?.removedAtMs !== null) found.misplaced += 1;
          state.strays.set(id, { copy: { ...place, blobId }, dueAtMs: state.clock.now(), removedAtMs: null });
        }
      }
      return found;
    },

    async leaseStrays(limit, leaseMs) {
      if (state.sweepHold !== null) return [];
      const now = state.clock.now();
      const due = [...state.strays]
        .filter(([, stray]) => stray.removedAtMs === null && stray.dueAtMs <= now)
        .slice(0, limit);
      return due.flatMap(([id, stray]) => {
        const blob = state.blobs.get(stray.copy.blobId);
        if (blob !== undefined && liesAt(blob, stray.copy)) {
          state.strays.delete(id);
          return [];
        }
        stray.dueAtMs = now + leaseMs;
        return [stray.copy];
      });
    },

    async finishStray(copy) {
      const stray = state.strays.get(strayId(copy));
      if (stray !== undefined) stray.removedAtMs = state.clock.now();
    },

    async forgetPhysicalBucket(backend, name) {
      const gone = bucketsOf(backend, name).filter(isQuiet);
      for (const bucket of gone) {
        bucket.physical.delete(backend);
        noteBucketErased(state, bucket, { backend, name, atMs: state.clock.now() });
      }
      return gone.length > 0;
    },

    sweepHold: async () => state.sweepHold ?? undefined,

    async releaseSweepHold() {
      const held = state.sweepHold !== null;
      state.sweepHold = null;
      return held;
    },

    async vacuum({ kind, keepMs, limit }) {
      const before = state.clock.now() - keepMs;
      const forgets = { strays: strayTombstones, buckets: forgettable, snapshots: snapshotsBefore } as const;
      const gone = kind === 'probes' || kind === 'usage' ? [] : forgets[kind](before);
      for (const forget of gone.slice(0, limit)) forget();
      return Math.min(gone.length, limit);
    },
  };
}

function strayId({ blobId, backend, shard, bucket }: StrayCopy): string {
  return `${blobId}/${shard}/${backend}/${bucket}`;
}
