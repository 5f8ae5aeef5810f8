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
};
