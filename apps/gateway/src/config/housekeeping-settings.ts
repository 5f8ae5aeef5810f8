import { integer, meta } from './fields.ts';

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
} as const;
