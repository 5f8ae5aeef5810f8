import { integer, meta } from './fields.ts';

/** When lifecycle configurations of buckets are applied. */
export const lifecycleSettings = {
  lifecycleIntervalSeconds: integer(1, 604_800)
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_LIFECYCLE_INTERVAL_SECONDS',
        form: 'seconds',
        fallback: 'a quarter of a day',
        description:
          'From the start of one run over all buckets with a lifecycle to the start of the next. What is due falls due at midnight UTC.',
      }),
    ),
  lifecycleDaySeconds: integer(1, 86_400)
    .default(86_400)
    .meta(
      meta({
        env: 'SEALGATE_LIFECYCLE_DAY_SECONDS',
        form: 'seconds',
        description:
          'For tests only: how long a "day" of a lifecycle rule lasts. With anything but a real day nothing is rounded up to midnight; what headers announce stays in real days.',
      }),
    ),
} as const;
