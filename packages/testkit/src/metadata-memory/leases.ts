import type { LeaseEnd, LeaseOutcome, LeaseRepairs, MetadataJobs, Worker } from '@sealgate/core/ports';
import { enqueueBlobJob, markReplica, promoteOwed, wantedBlob } from './blobs.ts';
import { settleJobs } from './jobs.ts';
import type { MemoryState, RepairJob } from './state.ts';
import { isReadable, urgency } from './urgency.ts';

/** Backoff of a failed repair: doubling from here. */
const RETRY_DELAY_MS = 15_000;
const RETRY_DELAY_MAX_MS = 4 * 60 * 60_000;
const RETRIES_MAX = 16;

function retryDelayMs(attempts: number): number {
  return Math.min(RETRY_DELAY_MAX_MS, RETRY_DELAY_MS * 2 ** attempts);
}

type Leases = Pick<
  MetadataJobs,
  'leaseRepairs' | 'renewLeases' | 'endLease' | 'leasedBlob' | 'markLeased' | 'settleLeases'
>;

export function createLeases(state: MemoryState): Leases {
  const mayWork = ({ name, epoch }: Worker): boolean => {
    const agent = state.agents.get(name)?.agent;
    return epoch === 0 || (agent?.state === 'active' && agent.epoch === epoch);
  };
  const held = (worker: Worker, { jobId, token }: { jobId: string; token: bigint }): RepairJob | undefined => {
    const job = state.jobs.get(jobId);
    const lease = job?.lease;
    const same = lease?.token === token && lease.worker.name === worker.name && lease.worker.epoch === worker.epoch;
    return same && job !== undefined && job.startAtMs > state.clock.now() && mayWork(worker) ? job : undefined;
  };
  /** Its taker is gone: that was a try. True when it may be taken again. */
  const reclaim = (job: RepairJob): boolean => {
    if (job.state === 'waiting') return true;
    if (job.attempts >= RETRIES_MAX) {
      giveUp(state, job, 'LeaseLost');
      return false;
    }
    job.attempts += 1;
    return true;
  };

  const leases: Leases = {
    async leaseRepairs({ worker, limit, leaseMs, able, kinds, only }) {
      if (!mayWork(worker)) return [];
      promoteOwed(state);
      const now = state.clock.now();
      const ready = [...state.jobs.values()]
        .filter((job) => only === undefined || only.includes(job.blobId))
        .filter((job) => kinds.includes(job.kind) && job.startAtMs <= now && canRepair(state, job, able))
        .sort((a, b) => urgency(state, b) - urgency(state, a))
        .filter(reclaim)
        .slice(0, limit);
      return ready.map((job) => {
        state.leaseTokens += 1n;
        const token = state.leaseTokens;
        job.lease = { token, worker };
        job.state = 'active';
        job.startAtMs = now + leaseMs;
        return { jobId: job.jobId, blobId: job.blobId, token };
      });
    },

    async renewLeases(worker, leases, leaseMs) {
      const kept = leases.flatMap((lease) => held(worker, lease) ?? []);
      for (const job of kept) job.startAtMs = state.clock.now() + leaseMs;
      return kept.map(({ jobId }) => jobId);
    },

    async endLease(worker, lease, end) {
      const job = held(worker, lease);
      if (job === undefined) return false;
      job.lease = null;
      if (end.kind === 'failed') fail(state, job, end);
      else if (end.kind === 'released') Object.assign(job, { state: 'waiting', startAtMs: state.clock.now() });
      else finish(state, job);
      if (end.kind !== 'released') {
        for (const asked of state.askedJobs.values()) {
          if (asked.state !== 'waiting' || !asked.blobs.includes(job.blobId)) continue;
          asked.attempts += 1;
          asked.lastError = end.kind === 'failed' ? end.reason : null;
        }
      }
      settleJobs(state, job.blobId);
      return true;
    },

    async leasedBlob(worker, lease) {
      const job = held(worker, lease);
      if (job === undefined) return undefined;
      return { blobId: job.blobId, bucketId: state.blobs.get(job.blobId)?.bucketId ?? null };
    },

    async markLeased(worker, lease, replica) {
      if (held(worker, lease)?.blobId !== lease.blobId) return 'stale';
      const known = wantedBlob(state, lease.blobId)?.record.replicas.some(
        (r) => r.backend === replica.backend && r.shard === replica.shard,
      );
      if (known !== true) return 'unwanted';
      return markReplica(state, lease.blobId, replica, { known: true }) ? 'wanted' : 'unwanted';
    },

    async settleLeases(worker, results) {
      const outcomes: LeaseOutcome[] = [];
      for (const { lease, replica, end } of results) {
        let outcome: LeaseOutcome = replica === null ? 'wanted' : await leases.markLeased(worker, lease, replica);
        if (outcome === 'wanted' && end !== null && !(await leases.endLease(worker, lease, end))) outcome = 'stale';
        outcomes.push(outcome);
      }
      return outcomes;
    },
  };
  return leases;
}

function canRepair(state: MemoryState, job: RepairJob, able: LeaseRepairs['able']): boolean {
  const blob = wantedBlob(state, job.blobId)?.record;
  if (blob === undefined) return true;
  const owed = blob.replicas.filter((replica) => replica.state === 'missing');
  const stored = blob.replicas.filter(isReadable);
  const need = blob.layout.kind === 'erasure' ? blob.layout.k : 1;
  const read = stored.filter((replica) => able.reads.includes(replica.backend)).length;
  const writes = owed.some((replica) => able.writes.includes(replica.backend));
  return owed.length === 0 || (writes && (read >= need || stored.length < need));
}

function finish(state: MemoryState, job: RepairJob): void {
  state.jobs.delete(job.jobId);
  const missing = wantedBlob(state, job.blobId)?.record.replicas.some((replica) => replica.state === 'missing');
  if (missing === true) enqueueBlobJob(state, { blobId: job.blobId, kind: job.kind, priority: job.priority });
}

function fail(state: MemoryState, job: RepairJob, { reason, noRoom }: Extract<LeaseEnd, { kind: 'failed' }>): void {
  // A copy that somebody wants on one backend is wanted on no other.
  if (job.kind === 'repair') {
    job.noRoom = new Map([...job.noRoom, ...noRoom.map((id) => [id, state.clock.now()] as const)]);
  }
  if (noRoom.length > 0) state.placementEpoch += 1n;
  if (job.attempts >= RETRIES_MAX) {
    giveUp(state, job, reason);
    return;
  }
  job.state = 'waiting';
  job.lastError = reason;
  job.startAtMs = state.clock.now() + retryDelayMs(job.attempts);
  job.attempts += 1;
}

function giveUp(state: MemoryState, job: RepairJob, reason: string): void {
  state.jobs.delete(job.jobId);
  state.deadRepairs.set(job.jobId, { ...job, lastError: reason, lease: null });
}
