import { integer, meta } from './fields.ts';

/** How blobs are kept where they should be, and what is stored is read again. */
export const maintenanceSettings = {
  reconcileIntervalSeconds: integer(1, 31_536_000)
    .default(3600)
    .meta(
      meta({
        env: 'SEALGATE_RECONCILE_INTERVAL_SECONDS',
        form: 'seconds',
        description:
          'From one comparison of all blobs with where they should be to the next, when nothing asks for one sooner. A change of policies, or of the facts or the state of a backend, asks at once.',
      }),
    ),
  rehomeAfterSeconds: integer(1, 31_536_000)
    .default(3600)
    .meta(
      meta({
        env: 'SEALGATE_REHOME_AFTER_SECONDS',
        form: 'seconds',
        description:
          'How long a backend may be unhealthy before what it holds is made good on others. Reads and new writes do without it at once.',
      }),
    ),
  scrubBytesPerSecond: integer(0, 100_000_000_000)
    .default(8 * 1024 * 1024)
    .meta(
      meta({
        env: 'SEALGATE_SCRUB_BYTES_PER_SECOND',
        form: 'number',
        description:
          'How fast the scrub reads stored copies and shards to compare them with what was written. 0: it does not. The default reads 675 GiB a day.',
      }),
    ),
  scrubIntervalSeconds: integer(1, 31_536_000)
    .default(604_800)
    .meta(
      meta({
        env: 'SEALGATE_SCRUB_INTERVAL_SECONDS',
        form: 'seconds',
        description: 'From the beginning of one pass of the scrub over everything that is stored to that of the next.',
      }),
    ),
} as const;
