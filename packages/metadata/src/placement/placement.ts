import type { BlobId, PhysicalBucketName } from '@sealgate/core/names';
import type { MetadataPlacement, ReplicaChangeOutcome } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import { byId } from '../codec/blob-order.ts';
import { packPlaces, packReplicas, unpackPlace } from '../codec/replicas.ts';
import { type BlobColumns, blobOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { EMPTIED_PLACE_BARRED_MS, NO_ROOM_MS } from '../limits.ts';

const NIL = '00000000-0000-0000-0000-000000000000';

interface WalkedRow extends BlobColumns {
  readonly blob_id: BlobId;
  readonly bytes: bigint;
  readonly bucket_id: number;
  readonly class: number;
  readonly residency: string | null;
  readonly doomed: boolean;
  readonly no_room: readonly number[] | null;
}

export function createPlacement(context: Context): MetadataPlacement {
  const { database, backends } = context;
  return {
    async placementEpoch() {
      const [row] = await database.read<{ epoch: bigint }>('placement-epoch', []);
      return row?.epoch ?? 0n;
    },

    async walkBlobs(after, limit) {
      const rows = await database.read<WalkedRow>('walk-blobs', [after ?? NIL, limit, NO_ROOM_MS]);
      return Promise.all(
        rows.map(async (row) => ({
          bucketId: row.bucket_id,
          // Of what was given up nothing is known.
          redundancyClass: row.class === 0 ? '' : await context.terms.valueOf(row.class),
          residency: row.residency,
          doomed: row.doomed,
          noRoom: await Promise.all((row.no_room ?? []).map((number) => backends.idOf(number))),
          blob: await blobOf(row.blob_id, row.bytes, row, context),
        })),
      );
    },

    async changeReplicas(changes, actor) {
      const order = changes.map((_, index) => index).sort((a, b) => byId(changes[a]?.blobId, changes[b]?.blobId));
      const sorted = order.flatMap((index) => changes[index] ?? []);
      const pack = (of: 'expected' | 'next') => Promise.all(sorted.map((c) => packReplicas(c[of], backends)));
      const [columns, expected, next] = await Promise.all([context.actor(actor), pack('expected'), pack('next')]);
      const rows = await database.write<{ outcome: ReplicaChangeOutcome }>('change-replicas', [
        sorted.map(({ blobId }) => blobId),
        expected,
        next,
        columns[0],
        columns[1],
        context.waits.leavingGraceMs,
      ]);
      const outcomes = changes.map((): ReplicaChangeOutcome => 'changed');
      for (const [at, index] of order.entries()) outcomes[index] = rows[at]?.outcome ?? 'changed';
      return outcomes;
    },

    async leaseRemovals(limit, leaseMs) {
      const rows = await database.write<{ blob_id: BlobId; place: Buffer; bucket: PhysicalBucketName | null }>(
        'lease-removals',
        [limit, leaseMs],
      );
      return Promise.all(
        rows.map(async ({ blob_id: blobId, place, bucket }) => ({
          blobId,
          ...(await unpackPlace(place, backends)),
          bucket: bucket ?? undefined,
        })),
      );
    },

    async finishRemovals(gone) {
      if (gone.length === 0) return;
      const sorted = gone.toSorted((a, b) => byId(a.blobId, b.blobId));
      const [actor, requestId] = await context.actor(SYSTEM_ACTOR);
      await database.write('finish-removals', [
        sorted.map(({ blobId }) => blobId),
        await Promise.all(sorted.map((place) => packPlaces([place], backends))),
        actor,
        requestId,
        EMPTIED_PLACE_BARRED_MS,
      ]);
    },

    async askForRepairs(blobIds) {
      if (blobIds.length === 0) return 0;
      const [row] = await database.write<{ made: number }>('ask-for-repairs', [blobIds]);
      return row?.made ?? 0;
    },

    async hurryRepairs(backend) {
      const [row] = await database.write<{ hurried: bigint }>('hurry-repairs', [await backends.numberOf(backend)]);
      return Number(row?.hurried ?? 0n);
    },
  };
}
