import type { SignedErasure } from '@sealgate/core/evidence';
import type { AuditSigner, AuditStore, Clock, Erasure } from '@sealgate/core/ports';
import {
  type Checkpoints,
  createCheckpoints,
  createEvidenceIssuer,
  type EvidenceIssuer,
  issueErasure,
} from '@sealgate/engine';

/** What reads and proves the audit log. */
export interface AuditServices {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly checkpoints: Checkpoints;
  readonly evidence: EvidenceIssuer;
  /** See `issueErasure`. */
  readonly erasure: (erasure: Erasure) => Promise<SignedErasure | undefined>;
}

export function auditServicesOf(
  database: { readonly auditStore: AuditStore; readonly auditSigner: AuditSigner },
  clock: Pick<Clock, 'now'>,
): AuditServices {
  const { auditStore: store, auditSigner: signer } = database;
  const now = (): number => clock.now();
  const checkpoints = createCheckpoints({ store, signer, now });
  const deps = { store, signer, checkpoints, now };
  const evidence = createEvidenceIssuer(deps);
  return { store, signer, checkpoints, evidence, erasure: (erasure) => issueErasure(deps, erasure) };
}
