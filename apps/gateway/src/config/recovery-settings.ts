import { z } from 'zod';
import { integer, meta } from './fields.ts';

/** Settings of recovery without the gateway. */
export const recoverySettings = {
  recoveryKeyFile: z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_RECOVERY_KEY',
        form: 'file',
        fallback: 'with the embedded database a pair made once into `<data dir>/recovery-key.json`; else none',
        description:
          'Public JWK of the operator. Recovery manifests of tenants without recovery keys of their own are sealed to it; without any key their buckets cannot be recovered from backends alone. Keep the private half away from the gateway.',
      }),
    ),
  recoveryIntervalSeconds: integer(1, 86_400)
    .default(15)
    .meta(
      meta({
        env: 'SEALGATE_RECOVERY_INTERVAL_SECONDS',
        form: 'seconds',
        description:
          'How long recovery manifests may lag behind what was acknowledged, give or take the time of writing them.',
      }),
    ),
};
