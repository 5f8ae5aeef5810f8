import type { AuditSigner, AuditStore, Clock } from '@sealgate/core/ports';
import { type Checkpoints, createCheckpoints } from '@sealgate/engine';

/** What reads and proves the audit log. */
export interface AuditServices {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly checkpoints: Checkpoints;
}

export function auditServicesOf(
  database: { readonly auditStore: AuditStore; readonly auditSigner: AuditSigner },
  clock: Pick<Clock, 'now'>,
): AuditServices {
  const { auditStore: store, auditSigner: signer } = database;
  return { store, signer, checkpoints: createCheckpoints({ store, signer, now: () => clock.now() }) };
}
