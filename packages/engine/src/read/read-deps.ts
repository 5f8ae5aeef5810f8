import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, ByteRange, Clock, Metadata } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import type { ErasureCodecs } from '../write/shape.ts';
import type { DigestLists } from './digest-list.ts';
import type { HedgeBudget } from './hedge-budget.ts';

export interface ReadBlobOptions {
  readonly bucketId: number;
  /** Both ends included, inside the blob. */
  readonly range: ByteRange;
  /** Of the blob, where it is known: see `CallOptions`. */
  readonly redundancyClass?: string | undefined;
  readonly signal: AbortSignal;
}

export interface ReadDeps {
  readonly metadata: Pick<Metadata, 'reportBadReplica'>;
  readonly digests: DigestLists;
  readonly hedges: HedgeBudget;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly physical: PhysicalBuckets;
  readonly events: EngineEvents;
  readonly codecs: ErasureCodecs;
}

/** When to ask another replica too: soon for the first block (its usual latency is known), later in mid-stream. */
export function hedgeDelay(deps: ReadDeps, backend: BackendId | undefined, soon: boolean): number {
  if (backend === undefined || !soon) return deps.limits.stallMs;
  return Math.max(deps.limits.hedgeMsMin, deps.limits.hedgeFactor * (deps.pool.latencyMs(backend) ?? 0));
}

export function unavailable(cause?: Fault): Fault {
  return new Fault('DataUnavailable', 'The data cannot be read at the moment. Please try again.', { cause });
}
