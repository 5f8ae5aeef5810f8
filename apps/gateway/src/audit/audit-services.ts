import type { AuditSigner, AuditStore } from '@sealgate/core/ports';
import { type Checkpoints, createCheckpoints } from '@sealgate/engine';

/** What reads and proves the audit log. */
export interface AuditServices {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly checkpoints: Checkpoints;
}

export function createAuditServices(deps: {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly now: () => number;
}): AuditServices {
  const { store, signer } = deps;
  return { store, signer, checkpoints: createCheckpoints(deps) };
}
