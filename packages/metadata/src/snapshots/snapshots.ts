import { randomUUID } from 'node:crypto';
import type { SnapshotBucket, SnapshotFile, SnapshotSummary } from '@sealgate/core/discovery';
import type { TenantId } from '@sealgate/core/names';
import type { MetadataSnapshots, Snapshot } from '@sealgate/core/ports';
import { accepted, type Context } from '../context.ts';

interface SnapshotRow {
  readonly id: string;
  readonly tenant_id: TenantId;
  readonly tenant: string;
  readonly summary: SnapshotSummary;
  readonly created_at: number;
  readonly place: string;
}

interface FileRow {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string | null;
  readonly storage_class: string;
  readonly modified_at: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Time with microseconds, and id, of the last snapshot of a page. */
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f-]{36})$/;
const UNKNOWN_PROVIDER = 'unknown';

export function createSnapshots({ database, actor: actorColumns }: Context): MetadataSnapshots {
  const rows = (filter: {
    readonly id: string | null;
    readonly tenantId: TenantId | null;
    readonly cursor: string | null;
    readonly limit: number;
  }): Promise<SnapshotRow[]> => {
    const before = CURSOR.exec(filter.cursor ?? '');
    const place = [before?.[1] ?? null, before?.[2] ?? null];
    return database.read<SnapshotRow>('list-snapshots', [filter.id, filter.tenantId, ...place, filter.limit]);
  };

  return {
    async createSnapshot({ tenantId, summary, buckets, max }, actor) {
      const id = randomUUID();
      const files = buckets.flatMap(({ bucket, files: kept }) => kept.map((file) => fileColumns(bucket.name, file)));
      const { source, buckets: count, objects, bytes } = summary;
      const told = { endpoint: source.endpoint, provider: source.provider, zone: source.zone };
      const detail = { snapshot: id, tenant: tenantId, ...told, buckets: count, objects, bytes, files: summary.files };
      const row = accepted(
        await database.write<{ outcome: string; tenant: string; created_at: number }>('create-snapshot', [
          ...[id, tenantId, source.provider ?? UNKNOWN_PROVIDER, JSON.stringify(summary)],
          JSON.stringify(buckets.map(({ bucket }) => ({ name: bucket.name, facts: bucket }))),
          ...[JSON.stringify(files), max, JSON.stringify(detail)],
          ...(await actorColumns(actor)),
        ]),
      );
      return { id, tenantId, tenant: row.tenant, createdAtMs: row.created_at, summary };
    },

    async snapshot(id) {
      if (!UUID.test(id)) return undefined;
      const [row] = await rows({ id, tenantId: null, cursor: null, limit: 1 });
      return row && snapshotOf(row);
    },

    async listSnapshots({ limit, ...filter }) {
      const found = await rows({ ...filter, id: null, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const next = found.length > shown.length && last !== undefined ? `${last.place} ${last.id}` : null;
      return { items: shown.map(snapshotOf), next };
    },

    async snapshotBuckets(id) {
      return (await database.read<{ facts: SnapshotBucket }>('snapshot-buckets', [id])).map(({ facts }) => facts);
    },

    async snapshotFiles({ id, bucket, after, limit }) {
      return (await database.read<FileRow>('snapshot-files', [id, bucket, after, limit])).map(fileOf);
    },

    async deleteSnapshot(id, actor) {
      const values = [UUID.test(id) ? id : null, ...(await actorColumns(actor))];
      accepted(await database.write<{ outcome: string }>('delete-snapshot', values));
    },
  };
}

/** Named as `create_snapshot` reads it. */
function fileColumns(bucket: string, { key, bytes, etag, modifiedAtMs, storageClass }: SnapshotFile): object {
  return { bucket, key, bytes, etag, modified: Math.trunc(modifiedAtMs), class: storageClass };
}

function fileOf({ key, bytes, etag, storage_class, modified_at }: FileRow): SnapshotFile {
  return { key, bytes, etag, storageClass: storage_class, modifiedAtMs: modified_at };
}

function snapshotOf({ id, tenant_id: tenantId, tenant, summary, created_at: createdAtMs }: SnapshotRow): Snapshot {
  return { id, tenantId, tenant, createdAtMs, summary };
}
