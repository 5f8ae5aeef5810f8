import { type Batcher, createBatcher } from '@sealgate/core/batching';
import { Fault, isFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type {
  BackendPool,
  Clock,
  JobKind,
  LeaseEnd,
  LeaseOutcome,
  LeaseResult,
  MetadataJobs,
  RepairLease,
  ReplicaRecord,
  Worker,
} from '@sealgate/core/ports';

/** Results in one transaction: enough that its own price is spread, few enough that what it locks is free again soon. */
const RESULTS_AT_ONCE = 64;

/** How often within its time a lease is renewed: two renewals may fail before it is lost. */
const RENEWALS_PER_LEASE = 3;

interface MarkOptions {
  /** Nothing is left to do: the job is finished with this copy, unless nobody wants that. */
  readonly last: boolean;
}

/**
 * The repairs that one worker holds. Leases are renewed while their work goes on; after one is lost, whatever its work
 * still does is refused: here by this process's own clock, before bytes are removed or written, and by the database when
 * a result comes in.
 */
export interface RepairWork {
  /** Repairs that this worker can do now, most urgent first. */
  take(limit: number): Promise<readonly RepairLease[]>;
  finish(job: RepairLease): Promise<void>;
  fail(job: RepairLease, why: Omit<Extract<LeaseEnd, { readonly kind: 'failed' }>, 'kind'>): Promise<void>;
  /** False when nobody wants the copy any more. @throws Fault LeaseLost */
  mark(job: RepairLease, replica: ReplicaRecord, options: MarkOptions): Promise<boolean>;
  /** @throws Fault LeaseLost */
  requireHeld(job: RepairLease): void;
  /** Takes nothing more, and what fails from now on is handed back untried. */
  readonly stopTaking: () => void;
}

export interface RepairWorkDeps {
  readonly metadata: Pick<MetadataJobs, 'leaseRepairs' | 'renewLeases' | 'settleLeases'>;
  readonly pool: Pick<BackendPool, 'all' | 'driver' | 'full' | 'writable'>;
  readonly clock: Clock;
  readonly worker: () => Worker;
  readonly kinds: readonly JobKind[];
  readonly leaseMs: number;
  /** Repairs with this backend would only wait here, and are left to others. Default: none. */
  readonly busy?: (backend: BackendId) => boolean;
}

interface Held {
  readonly lease: RepairLease;
  readonly worker: Worker;
  /** On the monotonic clock, counted from before the lease was asked for: never later than the database thinks. */
  untilMs: number;
}

export function createRepairWork(deps: RepairWorkDeps): RepairWork {
  const { metadata, pool, clock, leaseMs, busy = () => false } = deps;
  const held = new Map<bigint, Held>();
  let stopping = false;
  let renewing = false;

  const renew = async (): Promise<void> => {
    const startedMs = clock.monotonic();
    for (const [worker, leases] of Map.groupBy(held.values(), (one) => one.worker)) {
      const kept = new Set(
        await metadata.renewLeases(
          worker,
          leases.map(({ lease }) => lease),
          leaseMs,
        ),
      );
      for (const one of leases) {
        if (kept.has(one.lease.jobId)) one.untilMs = startedMs + leaseMs;
        else held.delete(one.lease.token);
      }
    }
  };
  const renewLater = (): void => {
    if (renewing) return;
    renewing = true;
    clock.schedule(leaseMs / RENEWALS_PER_LEASE, () => {
      renewing = false;
      if (held.size === 0) return;
      // A renewal that does not come through is tried again; when the time is over the lease is lost.
      void renew()
        .catch(() => undefined)
        .then(renewLater);
    });
  };
  const requireHeld = (job: RepairLease): Held => {
    const one = held.get(job.token);
    if (one === undefined || clock.monotonic() >= one.untilMs) throw lost();
    return one;
  };
  const settle = createSettling(metadata);
  const end = async (lease: RepairLease, how: LeaseEnd): Promise<void> => {
    const one = held.get(lease.token);
    if (one === undefined) return;
    held.delete(lease.token);
    await settle({ worker: one.worker, result: { lease, replica: null, end: how } });
  };

  return {
    async take(limit) {
      if (stopping) return [];
      const startedMs = clock.monotonic();
      const worker = deps.worker();
      const reads = pool.all().flatMap(({ id }) => (pool.driver(id) === undefined || busy(id) ? [] : [id]));
      // Of what is owed to a full one nothing can be done here but to say so.
      const writes = [...pool.writable(), ...pool.full()].filter((id) => !busy(id));
      const able = { writes, reads };
      const leases = await metadata.leaseRepairs({ worker, limit, leaseMs, able, kinds: deps.kinds });
      for (const lease of leases) held.set(lease.token, { lease, worker, untilMs: startedMs + leaseMs });
      if (leases.length > 0) renewLater();
      return leases;
    },
    finish: (job) => end(job, { kind: 'done' }),
    fail: (job, why) => end(job, stopping ? { kind: 'released' } : { kind: 'failed', ...why }),
    async mark(lease, replica, { last }) {
      const { worker } = requireHeld(lease);
      const outcome = await settle({ worker, result: { lease, replica, end: last ? { kind: 'done' } : null } });
      if (outcome === 'stale' || (outcome === 'wanted' && last)) held.delete(lease.token);
      if (outcome === 'stale') throw lost();
      return outcome === 'wanted';
    },
    requireHeld: (job) => void requireHeld(job),
    stopTaking() {
      stopping = true;
    },
  };
}

interface Result {
  readonly worker: Worker;
  readonly result: LeaseResult;
}

/** Results that come in while others are on their way go together: the busier a worker, the more of them share a transaction. */
function createSettling(metadata: Pick<MetadataJobs, 'settleLeases'>): Batcher<Result, LeaseOutcome> {
  return createBatcher({
    async send(results) {
      const [first] = results;
      if (first === undefined) return [];
      return metadata.settleLeases(
        first.worker,
        results.map(({ result }) => result),
      );
    },
    itemsMax: RESULTS_AT_ONCE,
    fits: (first, { worker }) => first.worker.name === worker.name && first.worker.epoch === worker.epoch,
    // What was heard after all is stale when it is told again.
    hadNoEffect: (error) => !isFault(error, 'DatabaseUnavailable'),
  });
}

function lost(): Fault {
  return new Fault('LeaseLost', 'The right to this job is over.');
}
