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
} as const;
