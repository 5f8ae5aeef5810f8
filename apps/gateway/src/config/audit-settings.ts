import { z } from 'zod';
import { integer, meta } from './fields.ts';

/** Settings of the audit log. */
export const auditSettings = {
  auditCheckpointSeconds: integer(1, 86_400)
    .default(60)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_CHECKPOINT_SECONDS',
        form: 'seconds',
        description: 'How often the head of the audit log is signed, when the log has grown.',
      }),
    ),
  auditRequests: z
    .enum(['off', 'batched', 'synchronous'])
    .default('batched')
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_REQUESTS',
        form: 'off, batched or synchronous',
        description:
          'Record every S3 request in the audit log, reads and refused ones too. `batched`: when it is over; a killed process loses what it had not written, at most what came within the flush time. `synchronous`: also before it is served, and one that cannot be recorded is not served.',
      }),
    ),
  auditRequestsFlushMs: integer(10, 60_000)
    .default(1000)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_REQUESTS_FLUSH_MS',
        form: 'milliseconds',
        description: 'The age by which records of requests are written.',
      }),
    ),
};
