import type { BackendPool, Clock, JobKind, Metadata, MetadataJobs, Worker } from '@sealgate/core/ports';
import { createErasureCodecs } from '@sealgate/erasure';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import type { PartOf } from '../maintenance/background-fleet.ts';
import { type BackgroundShare, createBackgroundShare } from '../maintenance/background-share.ts';
import { createPhysicalBuckets, type PhysicalBuckets } from '../placement/physical-buckets.ts';
import { createPolicies, type Policies } from '../placement/policies.ts';
import { createDigestLists, type DigestLists } from '../read/digest-list.ts';
import { createHedgeBudget, type HedgeBudget } from '../read/hedge-budget.ts';
import type { ErasureCodecs } from '../write/shape.ts';
import { repairDue } from './repair-due.ts';
import { createRepairWork, type RepairWork } from './repair-work.ts';
import { createTurns } from './turns.ts';

/** All that a worker needs of the metadata to repair: an agent has it from afar. */
export type RepairMetadata = Pick<
  Metadata,
  | 'blobsForRepair'
  | 'bucketById'
  | 'enqueueDeletion'
  | 'physicalBuckets'
  | 'policy'
  | 'readDigests'
  | 'recordPhysicalBucket'
  | 'reportBadReplica'
  | 'tenant'
> &
  Pick<MetadataJobs, 'leaseRepairs' | 'renewLeases' | 'settleLeases'>;

/** What the repairs that a worker takes are held under. */
export interface RepairWorker {
  /** Asked anew for every batch: an agent that began again has another epoch. */
  readonly identity: () => Worker;
  readonly kinds: readonly JobKind[];
  readonly leaseMs: number;
}

export interface RepairerDeps {
  readonly metadata: RepairMetadata;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
  /** Default: a process that has the database itself. */
  readonly worker?: RepairWorker;
  /** Its part of what backends allow to background work. Default: all of it. */
  readonly part?: PartOf;
}

/** Repairs and nothing else: what an agent is made of. */
export interface Repairer {
  /** One batch of the repair queue; how many jobs it took. */
  readonly repairDue: (options: { readonly signal: AbortSignal }) => Promise<number>;
  readonly work: Pick<RepairWork, 'stopTaking'>;
}

/** What an engine shares with its repairer: caches that both would fill. */
interface Shared {
  readonly policies: Policies;
  readonly physical: PhysicalBuckets;
  readonly digests: DigestLists;
  readonly hedges: HedgeBudget;
  readonly codecs: ErasureCodecs;
  /** What its work and the engine's other background work take of backends, together. */
  readonly share: BackgroundShare;
}

export function createRepairer(base: RepairerDeps, shared: Shared = ownParts(base)): Repairer {
  const { identity, kinds, leaseMs } = base.worker ?? defaultWorker(base.limits);
  const { share } = shared;
  const work = createRepairWork({ ...base, worker: identity, kinds, leaseMs, busy: (id) => share.busy(id) });
  const deps = { ...base, ...shared, pool: share.pool, work, turns: createTurns(base.limits.repairsAtOnce) };
  return { repairDue: (options) => repairDue(deps, options), work };
}

function ownParts(base: RepairerDeps): Shared {
  const policies = createPolicies(base);
  return {
    policies,
    physical: createPhysicalBuckets({ ...base, policies }),
    digests: createDigestLists(base),
    hedges: createHedgeBudget(base.limits),
    codecs: createErasureCodecs(),
    share: createBackgroundShare(base),
  };
}

function defaultWorker({ repairLeaseMs }: EngineLimits): RepairWorker {
  const identity: Worker = { name: 'process', epoch: 0 };
  return { identity: () => identity, kinds: ['repair', 'replicate'], leaseMs: repairLeaseMs };
}
