import { allowedRanges, integer, meta } from './fields.ts';

/** Settings of looks at storage that somebody wants to bring in. */
export const snapshotSettings = {
  maxSnapshotBuckets: integer(1, 1000)
    .default(200)
    .meta(
      meta({
        env: 'MAX_SNAPSHOT_BUCKETS',
        form: 'number',
        description: 'Buckets that one discovery snapshot looks at.',
      }),
    ),
  maxSnapshotFiles: integer(1, 200_000)
    .default(50_000)
    .meta(
      meta({
        env: 'MAX_SNAPSHOT_FILES',
        form: 'number',
        description: 'Files that one discovery snapshot lists, in all buckets together.',
      }),
    ),
  maxFilesPerBucket: integer(1, 200_000)
    .default(5000)
    .meta(
      meta({
        env: 'MAX_FILES_PER_BUCKET',
        form: 'number',
        description: 'Files that one discovery snapshot lists in one bucket.',
      }),
    ),
  snapshotSeconds: integer(1, 600)
    .default(120)
    .meta(
      meta({
        env: 'SEALGATE_SNAPSHOT_SECONDS',
        form: 'seconds',
        description: 'How long a discovery snapshot may take. What was seen until then is kept, and said to be a part.',
      }),
    ),
  snapshotsPerTenant: integer(1, 1000)
    .default(20)
    .meta(
      meta({
        env: 'SEALGATE_SNAPSHOTS_PER_TENANT',
        form: 'number',
        description: 'Discovery snapshots that a tenant may have; further ones are refused until one is deleted.',
      }),
    ),
  snapshotHistorySeconds: integer(1, 315_360_000)
    .default(7_776_000)
    .meta(
      meta({
        env: 'SEALGATE_SNAPSHOT_HISTORY_SECONDS',
        form: 'seconds',
        description: 'How long discovery snapshots are kept.',
      }),
    ),
  snapshotPrivateEndpoints: allowedRanges()
    .default({ privateRanges: false, cidrs: [] })
    .meta(
      meta({
        env: 'SEALGATE_SNAPSHOT_PRIVATE_ENDPOINTS',
        form: 'true, false or a comma-separated list of ranges',
        fallback: 'false',
        description:
          'Private networks in which tenants themselves may take discovery snapshots, as `SEALGATE_ALLOW_PRIVATE_ENDPOINTS` has it for operators of the gateway.',
      }),
    ),
} as const;
