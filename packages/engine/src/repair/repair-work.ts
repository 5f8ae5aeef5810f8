import { Fault } from '@sealgate/core/faults';
import type {
  BackendPool,
  Clock,
  JobKind,
  MetadataJobs,
  RepairLease,
  ReplicaRecord,
  Worker,
} from '@sealgate/core/ports';

/** How often within its time a lease is renewed: two renewals may fail before it is lost. */
const RENEWALS_PER_LEASE = 3;

/**
 * The repairs that one worker holds. Leases are renewed while their work goes on; after one is lost, whatever its work
 * still does is refused: here by this process's own clock, before bytes are removed or written, and by the database when
 * a result comes in.
 */
export interface RepairWork {
  /** Repairs that this worker can do now, most urgent first. */
  take(limit: number): Promise<readonly RepairLease[]>;
  finish(job: RepairLease): Promise<void>;
  fail(job: RepairLease, reason: string): Promise<void>;
  /** False when nobody wants the copy any more. @throws Fault LeaseLost */
  mark(job: RepairLease, replica: ReplicaRecord): Promise<boolean>;
  /** @throws Fault LeaseLost */
  requireHeld(job: RepairLease): void;
  /** Takes nothing more, and what fails from now on is handed back untried. */
  readonly stopTaking: () => void;
}

export interface RepairWorkDeps {
  readonly metadata: Pick<MetadataJobs, 'leaseRepairs' | 'renewLeases' | 'endLease' | 'markLeased'>;
  readonly pool: Pick<BackendPool, 'all' | 'driver' | 'writable'>;
  readonly clock: Clock;
  readonly worker: () => Worker;
  readonly kinds: readonly JobKind[];
  readonly leaseMs: number;
}

interface Held {
  readonly lease: RepairLease;
  readonly worker: Worker;
  /** On the monotonic clock, counted from before the lease was asked for: never later than the database thinks. */
  untilMs: number;
}

export function createRepairWork(deps: RepairWorkDeps): RepairWork {
  const { metadata, pool, clock, leaseMs } = deps;
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
  const end = async (job: RepairLease, how: Parameters<typeof metadata.endLease>[2]): Promise<void> => {
    const one = held.get(job.token);
    if (one === undefined) return;
    held.delete(job.token);
    await metadata.endLease(one.worker, job, how);
  };

  return {
    async take(limit) {
      if (stopping) return [];
      const startedMs = clock.monotonic();
      const worker = deps.worker();
      const reads = pool.all().flatMap(({ id }) => (pool.driver(id) === undefined ? [] : [id]));
      const able = { writes: [...pool.writable()], reads };
      const leases = await metadata.leaseRepairs({ worker, limit, leaseMs, able, kinds: deps.kinds });
      for (const lease of leases) held.set(lease.token, { lease, worker, untilMs: startedMs + leaseMs });
      if (leases.length > 0) renewLater();
      return leases;
    },
    finish: (job) => end(job, { kind: 'done' }),
    fail: (job, reason) => end(job, stopping ? { kind: 'released' } : { kind: 'failed', reason }),
    async mark(job, replica) {
      const { worker } = requireHeld(job);
      const outcome = await metadata.markLeased(worker, job, replica);
      if (outcome === 'stale') {
        held.delete(job.token);
        throw lost();
      }
      return outcome === 'wanted';
    },
    requireHeld: (job) => void requireHeld(job),
    stopTaking() {
      stopping = true;
    },
  };
}

function lost(): Fault {
  return new Fault('LeaseLost', 'The right to this job is over.');
}
