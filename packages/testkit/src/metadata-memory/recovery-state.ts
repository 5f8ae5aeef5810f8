import type { LoggedChange, RecoveryKey } from '@sealgate/core/ports';

export interface ManifestRequested {
  readonly number: bigint;
  readonly dueAtMs: number;
  /** How long it waits once more when it came while an earlier one was worked on. */
  readonly delayMs: number;
}

export interface RecoveryState {
  keys: (RecoveryKey & { readonly tenantId: string })[];
  /** By bucket. */
  readonly requests: Map<number, ManifestRequested>;
  /** What changed of buckets' versions, the oldest first, numbered from 1. */
  readonly changes: LoggedChange[];
}
