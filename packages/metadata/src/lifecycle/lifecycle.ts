import { type BlobId, newBlobId, type ObjectKey } from '@sealgate/core/names';
import type { ExpireOutcome, MetadataLifecycle, WalkedRecord } from '@sealgate/core/ports';
import { ABOVE_ALL_KEYS, keyAfter, keySuccessor } from '../codec/key-range.ts';
import { blockShift, layoutColumns } from '../codec/layout.ts';
import { owingStates, packReplicas } from '../codec/replicas.ts';
import { versionIdOf } from '../codec/version-row.ts';
import { accepted, type Context, waitColumns } from '../context.ts';
import { INLINE_DIGEST_BYTES_MAX } from '../limits.ts';
import { type SegmentRow, segmentOf } from '../objects/read.ts';
import { type BucketRow, bucketOf } from '../registry/buckets.ts';

interface WalkedRow {
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly bytes: bigint;
  readonly modified_at: number;
  readonly class: number;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly delete_marker: boolean;
}

/** The walk of the lifecycle and what it does to versions: one call of a stored function each, which looks again. */
export function createLifecycle(context: Context): MetadataLifecycle {
  return { ...createWalk(context), ...createChanges(context) };
}

function createWalk(
  context: Context,
): Pick<MetadataLifecycle, 'databaseTime' | 'nextLifecycleBucket' | 'walkVersions' | 'segmentsOutside'> {
  const { database, terms } = context;

  async function walked(row: WalkedRow): Promise<WalkedRecord> {
    return {
      key: row.key,
      seq: row.seq,
      versionId: versionIdOf(row),
      deleteMarker: row.delete_marker,
      bytes: Number(row.bytes),
      tags: row.tags,
      modifiedAtMs: row.modified_at,
      redundancyClass: row.delete_marker ? '' : await terms.valueOf(row.class),
    };
  }

  return {
    async databaseTime() {
      const [row] = await database.read<{ now: number }>('database-time', []);
      return row?.now ?? 0;
    },

    async nextLifecycleBucket(afterId) {
      const [row] = await database.read<BucketRow>('next-lifecycle-bucket', [afterId]);
      return row === undefined ? undefined : bucketOf(row);
    },

    async walkVersions({ bucketId, prefix, after, limit }) {
      const rows = await database.read<WalkedRow>('walk-versions', [
        bucketId,
        after === null ? prefix : keyAfter(after.key),
        keySuccessor(prefix) ?? ABOVE_ALL_KEYS,
        limit + 1,
        after?.key ?? null,
        after?.seq ?? null,
      ]);
      return { versions: await Promise.all(rows.slice(0, limit).map(walked)), more: rows.length > limit };
    },

    async segmentsOutside(version, redundancyClass, limit) {
      const rows = await database.read<SegmentRow>('segments-outside', [
        version.seq,
        await terms.idOf('class', redundancyClass),
        limit,
        INLINE_DIGEST_BYTES_MAX,
      ]);
      return Promise.all(rows.map((row) => segmentOf(row, context)));
    },
  };
}

function createChanges(
  context: Context,
): Pick<MetadataLifecycle, 'expireVersion' | 'replaceBlob' | 'settleClass' | 'purgeUploads'> {
  const { database, terms } = context;
  return {
    async expireVersion(request) {
      const rows = await database.write<{ outcome: ExpireOutcome | 'NoSuchBucket' }>('expire-version', [
        request.bucketId,
        request.key,
        request.seq,
        request.tags === null ? null : JSON.stringify(request.tags),
        request.place,
        request.newerVersions,
        newBlobId(context.clock.now()),
        ...(await context.actor(request.actor)),
        context.waits.deletionGraceMs,
      ]);
      const outcome = rows[0]?.outcome;
      return outcome === 'done' || outcome === 'locked' ? outcome : 'changed';
    },

    async replaceBlob(request) {
      const rows = await database.write<{ outcome: string }>('replace-blob', [
        request.bucketId,
        request.key,
        request.seq,
        request.partNumber,
        request.old,
        request.blobId,
        request.storedBytes,
        await terms.idOf('class', request.redundancyClass),
        ...layoutColumns(request.layout),
        blockShift(request.blockBytes),
        await packReplicas(request.replicas, context.backends),
        request.digests,
        owingStates(request.replicas),
        ...(await context.actor(request.actor)),
        ...waitColumns(context),
      ]);
      if (rows[0]?.outcome === 'changed') return false;
      accepted(rows);
      return true;
    },

    async settleClass(request) {
      const [row] = await database.write<{ settled: boolean }>('settle-class', [
        request.bucketId,
        request.key,
        request.seq,
        await terms.idOf('class', request.redundancyClass),
        ...(await context.actor(request.actor)),
      ]);
      return row?.settled === true;
    },

    async purgeUploads({ rememberedMs, limit, actor }) {
      const [columns, requestId] = await context.actor(actor);
      const [row] = await database.write<{ taken: number }>('purge-uploads', [
        rememberedMs,
        limit,
        columns,
        requestId,
        context.waits.deletionGraceMs,
      ]);
      return row?.taken ?? 0;
    },
  };
}
