import { integer, meta, text } from './fields.ts';

const POLICY_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/** Settings of what goes by itself. */
export const housekeepingSettings = {
  attemptAgeSeconds: integer(1, 604_800)
    .default(86_400)
    .meta(
      meta({
        env: 'SEALGATE_ATTEMPT_AGE_SECONDS',
        form: 'seconds',
        description:
          'A write that takes longer than this from its beginning to its commit is refused, and what is older on a backend and named by no row is removed by the sweep. All gateways on one database must agree.',
      }),
    ),
  sweepIntervalSeconds: integer(1, 31_536_000)
    .default(86_400)
    .meta(
      meta({
        env: 'SEALGATE_SWEEP_INTERVAL_SECONDS',
        form: 'seconds',
        description:
          'From the start of one sweep for orphans over a backend to the start of the next. It lists everything there: a request for each 1000 keys.',
      }),
    ),
  vacuumIntervalSeconds: integer(1, 604_800)
    .default(3600)
    .meta(
      meta({
        env: 'SEALGATE_VACUUM_INTERVAL_SECONDS',
        form: 'seconds',
        description: 'How often rows of the metadata that were kept long enough are removed.',
      }),
    ),
  probeHistorySeconds: integer(1, 315_360_000)
    .default(7_776_000)
    .meta(
      meta({
        env: 'SEALGATE_PROBE_HISTORY_SECONDS',
        form: 'seconds',
        description: 'How long earlier probes of a backend are kept. The newest one always is.',
      }),
    ),
  deletedBucketSeconds: integer(1, 315_360_000)
    .default(7_776_000)
    .meta(
      meta({
        env: 'SEALGATE_DELETED_BUCKET_SECONDS',
        form: 'seconds',
        description:
          'How long the row of a deleted bucket is kept once nothing of it is left. The audit log names it for ever.',
      }),
    ),
  usageHistorySeconds: integer(86_400, 315_360_000)
    .default(94_608_000)
    .meta(
      meta({
        env: 'SEALGATE_USAGE_HISTORY_SECONDS',
        form: 'seconds',
        description:
          'How long it is known what a tenant used in an hour. What is stored now is counted apart from that.',
      }),
    ),
  metadataBackupIntervalSeconds: integer(0, 31_536_000)
    .default(86_400)
    .meta(
      meta({
        env: 'SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS',
        form: 'seconds',
        description:
          'From the beginning of one backup of the metadata, sealed to the operator’s key (`SEALGATE_RECOVERY_KEY`) and stored on backends, to that of the next. 0: only when one is asked for.',
      }),
    ),
  metadataBackupCopies: integer(1, 8)
    .default(2)
    .meta(
      meta({
        env: 'SEALGATE_METADATA_BACKUP_COPIES',
        form: 'number',
        description: 'Backends that each backup of the metadata goes to, in different regions where there are any.',
      }),
    ),
  metadataBackupPolicy: text(POLICY_NAME, 'must be the name of a policy')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_METADATA_BACKUP_POLICY',
        form: 'name',
        fallback: 'the policy `default`, else the built-in one',
        description: 'The policy that says on which backends backups of the metadata may lie.',
      }),
    ),
  metadataBackupDaily: integer(0, 366)
    .default(7)
    .meta(
      meta({
        env: 'SEALGATE_METADATA_BACKUP_DAILY',
        form: 'number',
        description:
          'Of so many days (UTC) the newest backup of the metadata is kept. The newest of all is, whatever is set.',
      }),
    ),
  metadataBackupWeekly: integer(0, 520)
    .default(4)
    .meta(
      meta({
        env: 'SEALGATE_METADATA_BACKUP_WEEKLY',
        form: 'number',
        description: 'Of so many weeks, from Monday, the newest backup of the metadata is kept.',
      }),
    ),
} as const;
