import type { LoggedChange, RecoveryKey } from '@sealgate/core/ports';

export interface RecoveryState {
  keys: (RecoveryKey & { readonly tenantId: string })[];
  /** Number of the request by bucket. */
  readonly requests: Map<number, bigint>;
  /** What changed of buckets' versions, the oldest first, numbered from 1. */
  readonly changes: LoggedChange[];
}
