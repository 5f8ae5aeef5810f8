import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import type { DueDeletion, MetadataHousekeeping, PendingRepair } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import { packPlaces, packReplicas, unpackReplicas } from '../codec/replicas.ts';
import { type BlobColumns, blobOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { INLINE_DIGEST_BYTES_MAX } from '../limits.ts';
import type { LockPushes } from './lock-pushes.ts';

interface DeletionRow {
  readonly blob_id: BlobId;
  readonly replicas: Buffer;
  readonly buckets: Readonly<Record<string, PhysicalBucketName>> | null;
}

interface BlobRow extends BlobColumns {
  readonly blob_id: BlobId;
  readonly bytes: bigint;
  readonly bucket_id: number;
  readonly class: number;
  readonly residency: string | null;
}

export function createHousekeeping(context: Context): Omit<MetadataHousekeeping, keyof LockPushes> {
  const { database, backends } = context;

  async function dueDeletion(row: DeletionRow): Promise<DueDeletion> {
    const replicas = [];
    for (const { backend, shard } of await unpackReplicas(row.replicas, backends)) {
      const bucket = row.buckets?.[String(await backends.numberOf(backend))];
      // Without a physical bucket nothing was ever written there: the place counts as gone when it is reported so.
      if (bucket !== undefined) replicas.push({ backend, shard, bucket });
    }
    return { blobId: row.blob_id, replicas };
  }

  async function mark(blobId: BlobId, entry: Buffer, known: boolean): Promise<boolean> {
    const [actor, requestId] = await context.actor(SYSTEM_ACTOR);
    const [row] = await database.write<{ wanted: boolean }>('mark-replica', [
      blobId,
      entry,
      known,
      actor,
      requestId,
      context.waits.leavingGraceMs,
    ]);
    return row?.wanted === true;
  }

  async function finish(blobId: BlobId, gone: readonly { readonly backend: BackendId; readonly shard: number }[]) {
    const [actor, requestId] = await context.actor(SYSTEM_ACTOR);
    await database.write('finish-deletion', [blobId, await packPlaces(gone, backends), actor, requestId]);
  }

  async function blobsForRepair(blobIds: readonly BlobId[]): Promise<readonly PendingRepair[]> {
    const rows = await database.read<BlobRow>('blobs-for-repair', [blobIds, INLINE_DIGEST_BYTES_MAX]);
    return Promise.all(
      rows.map(async (row) => ({
        bucketId: row.bucket_id,
        redundancyClass: await context.terms.valueOf(row.class),
        residency: row.residency,
        blob: await blobOf(row.blob_id, row.bytes, row, context),
      })),
    );
  }

  return {
    async enqueueDeletion(request) {
      const replicas = request.replicas.map((place) => ({ ...place, state: 'pending' as const }));
      await database.write('enqueue-deletion', [
        request.blobId,
        request.bucketId,
        await packReplicas(replicas, backends),
        context.waits.deletionGraceMs,
      ]);
    },

    async leaseDeletions(limit, leaseMs) {
      const rows = await database.write<DeletionRow>('lease-deletions', [limit, leaseMs]);
      const due = await Promise.all(rows.map(dueDeletion));
      const empty = due.filter((deletion) => deletion.replicas.length === 0);
      for (const [index, deletion] of due.entries()) {
        const row = rows[index];
        if (row !== undefined && empty.includes(deletion))
          await finish(row.blob_id, await unpackReplicas(row.replicas, backends));
      }
      return due.filter((deletion) => deletion.replicas.length > 0);
    },

    finishDeletion: finish,

    async markReplica(blobId, replica) {
      return mark(blobId, await packReplicas([replica], backends), false);
    },

    async blobForRepair(blobId) {
      const [found] = await blobsForRepair([blobId]);
      return found;
    },

    blobsForRepair,

    async reportBadReplica(blobId, backend, shard) {
      await mark(blobId, await packReplicas([{ backend, shard, state: 'missing' }], backends), true);
    },
  };
}
