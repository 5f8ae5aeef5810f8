import { z } from 'zod';
import { integer, meta, text } from './fields.ts';

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
          'Record S3 requests in the audit log, reads and refused ones too: those of tenants and to buckets without a mode of their own. `batched`: when it is over; a killed process loses what it had not written, at most what came within the flush time. `synchronous`: also before it is served, and one that cannot be recorded is not served.',
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
  auditRequestsKeptDays: integer(0, 36_500)
    .default(0)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_REQUESTS_KEPT_DAYS',
        form: 'days',
        description:
          'How long records of requests are kept in the database. Their entries stay, and one more says which records were removed; where archives are made, only those that are in one are removed. 0: as long as the log.',
      }),
    ),
  auditArchiveSeconds: integer(0, 31_536_000)
    .default(86_400)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_ARCHIVE_SECONDS',
        form: 'seconds',
        description:
          'From one archive of the audit log, sealed and stored on as many backends as a backup of the metadata, under the same policy, to the next. 0: none is made, and those that there are are still moved away from drained backends.',
      }),
    ),
  auditArchiveKeyFile: text(/^.+$/, 'must be a file')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_ARCHIVE_KEY',
        form: 'file',
        fallback: 'the operator’s recovery key',
        description: 'Public key (JWK) that archives of the audit log are sealed to, for example the auditor’s.',
      }),
    ),
  auditArchiveLockMode: z
    .enum(['governance', 'compliance'])
    .default('governance')
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_ARCHIVE_LOCK_MODE',
        form: 'governance or compliance',
        description:
          'How object lock keeps an archive of the audit log. `compliance`: nobody can remove it or end that earlier, the owner of the account neither.',
      }),
    ),
  auditArchiveLockedCopies: integer(0, 8)
    .default(0)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_ARCHIVE_LOCKED_COPIES',
        form: 'number',
        description:
          'Of the copies of an archive of the audit log so many must be kept by object lock: with fewer it is no archive, and tried again. 0: backends with object lock are taken first, and a warning is logged when fewer than two lock.',
      }),
    ),
  auditArchiveLockDays: integer(0, 36_500)
    .default(365)
    .meta(
      meta({
        env: 'SEALGATE_AUDIT_ARCHIVE_LOCK_DAYS',
        form: 'days',
        description: 'How long object lock keeps an archive of the audit log, on backends that have it. 0: not.',
      }),
    ),
};
