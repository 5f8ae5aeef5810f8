import type { AuditSigner, AuditStore, Clock } from '@sealgate/core/ports';
import { type Checkpoints, createCheckpoints, createEvidenceIssuer, type EvidenceIssuer } from '@sealgate/engine';

/** What reads and proves the audit log. */
export interface AuditServices {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly checkpoints: Checkpoints;
  readonly evidence: EvidenceIssuer;
}

export function auditServicesOf(
  database: { readonly auditStore: AuditStore; readonly auditSigner: AuditSigner },
  clock: Pick<Clock, 'now'>,
): AuditServices {
  const { auditStore: store, auditSigner: signer } = database;
  const now = (): number => clock.now();
  const checkpoints = createCheckpoints({ store, signer, now });
  return { store, signer, checkpoints, evidence: createEvidenceIssuer({ store, signer, checkpoints, now }) };
}
