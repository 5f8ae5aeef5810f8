import { integer, type SettingMeta } from './fields.ts';

function meta(of: SettingMeta): SettingMeta & Record<string, unknown> {
  return { ...of };
}

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
