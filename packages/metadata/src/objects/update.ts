import type { BlobId } from '@sealgate/core/names';
import type { MetadataObjects, UpdateVersion } from '@sealgate/core/ports';
import { packRetention } from '../codec/attributes.ts';
import { versionIdOf } from '../codec/version-row.ts';
import { accepted, type Context } from '../context.ts';
import { versionColumns } from './commit.ts';

interface UpdatedRow {
  readonly outcome: string;
  readonly seq: bigint;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
}

export function createUpdates(context: Context): Pick<MetadataObjects, 'updateVersion'> {
  return {
    async updateVersion(request) {
      const named = request.versionId === undefined ? undefined : versionColumns(request.versionId);
      const rows = await context.database.write<UpdatedRow>('update-version', [
        request.bucketId,
        request.key,
        named?.seq ?? null,
        named?.tail ?? null,
        named?.isNull ?? false,
        JSON.stringify(packChange(request.change)),
        request.bypassGovernance ?? false,
        ...(await context.actor(request.actor)),
      ]);
      const row = accepted(rows);
      return { versionId: versionIdOf(row), seq: row.seq };
    },
  };
}

/** Members that are absent stay absent: JSON leaves out what is undefined. */
function packChange({ retention, ...change }: UpdateVersion['change']): object {
  return { ...change, ...(retention === undefined ? {} : packRetention(retention)) };
}
