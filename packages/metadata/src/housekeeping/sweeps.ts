import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import type { MetadataSweeps } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

interface StrayRow {
  readonly blob_id: BlobId;
  readonly backend: BackendId;
  readonly shard: number;
  readonly bucket: PhysicalBucketName;
}

export function createSweeps(context: Context): MetadataSweeps {
  const { database, backends, waits } = context;
  return {
    async nextPhysicalBucket(backend, after) {
      const values = [await backends.numberOf(backend), after, waits.attemptAgeMaxMs];
      const [row] = await database.read<{ name: PhysicalBucketName; abandoned: boolean }>(
        'next-physical-bucket',
        values,
      );
      return row;
    },

    async sweepPage({ backend, bucket, copies, actor }) {
      const [actorId, requestId] = await context.actor(actor);
      const [row] = await database.write<{ held: boolean; unknown: number; misplaced: number }>('sweep-page', [
        await backends.numberOf(backend),
        bucket,
        copies.map((copy) => copy.blobId),
        copies.map((copy) => copy.shard),
        copies.map((copy) => copy.settled),
        waits.attemptAgeMaxMs,
        actorId,
        requestId,
      ]);
      // No answer is no permission.
      return row ?? { held: true, unknown: 0, misplaced: 0 };
    },

    async leaseStrays(limit, leaseMs) {
      const rows = await database.write<StrayRow>('lease-strays', [limit, leaseMs]);
      return rows.map(({ blob_id, backend, shard, bucket }) => ({ blobId: blob_id, backend, shard, bucket }));
    },

    async finishStray({ blobId, backend, shard, bucket }, actor) {
      const [actorId, requestId] = await context.actor(actor);
      const number = await backends.numberOf(backend);
      await database.write('finish-stray', [blobId, number, shard, bucket, actorId, requestId]);
    },

    async forgetPhysicalBucket(backend, name, actor) {
      const [actorId, requestId] = await context.actor(actor);
      const values = [await backends.numberOf(backend), name, waits.attemptAgeMaxMs, actorId, requestId];
      const [row] = await database.write<{ done: boolean }>('forget-physical-bucket', values);
      return row?.done === true;
    },

    async sweepHold() {
      const [row] = await database.read<{ reason: string; since: number }>('sweep-hold', []);
      return row && { reason: row.reason, sinceMs: row.since };
    },

    async releaseSweepHold(actor) {
      const rows = await database.write('release-sweep-hold', [...(await context.actor(actor))]);
      return rows.length > 0;
    },

    async vacuum({ kind, keepMs, limit, actor }) {
      const [actorId, requestId] = await context.actor(actor);
      const [row] = await database.write<{ removed: number }>('vacuum', [kind, keepMs, limit, actorId, requestId]);
      return row?.removed ?? 0;
    },
  };
}
