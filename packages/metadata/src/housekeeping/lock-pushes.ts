import type { BlobId, ObjectKey } from '@sealgate/core/names';
import type { MetadataHousekeeping } from '@sealgate/core/ports';
import { versionIdOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';

interface PushRow {
  readonly seq: bigint;
  readonly bucket_id: number;
  readonly key: ObjectKey;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
  readonly retain_until: number;
}

export type LockPushes = Pick<MetadataHousekeeping, 'leaseLockPushes' | 'finishLockPush'>;

export function createLockPushes({ database, waits }: Context): LockPushes {
  return {
    async leaseLockPushes(limit, leaseMs) {
      const rows = await database.write<PushRow>('lease-lock-pushes', [limit, leaseMs, waits.pendingGraceMs]);
      return rows.map((row) => ({
        bucketId: row.bucket_id,
        key: row.key,
        versionId: versionIdOf(row),
        seq: row.seq,
        untilMs: row.retain_until,
      }));
    },

    async finishLockPush({ seq, untilMs }) {
      await database.write('finish-lock-push', [seq, new Date(untilMs).toISOString()]);
    },
  };
}
