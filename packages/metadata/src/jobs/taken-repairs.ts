import type { MetadataHousekeeping, MetadataJobs, RepairLease, Worker } from '@sealgate/core/ports';
import { REPAIR_EXPIRE_S } from '../limits.ts';

export type TakenRepairs = Pick<MetadataHousekeeping, 'takeRepairs' | 'finishRepair' | 'finishRepairs' | 'failRepair'>;

const WORKER: Worker = { name: 'process', epoch: 0 };

/** Repairs for a worker that takes whatever comes and keeps no lease: it has each for as long as the queue allows. */
export function createTakenRepairs(jobs: Pick<MetadataJobs, 'leaseRepairs' | 'endLease'>): TakenRepairs {
  const taken = new Map<string, RepairLease>();
  const take = (jobId: string): RepairLease | undefined => {
    const lease = taken.get(jobId);
    taken.delete(jobId);
    return lease;
  };
  const finish = async (jobId: string): Promise<void> => {
    const lease = take(jobId);
    if (lease !== undefined) await jobs.endLease(WORKER, lease, { kind: 'done' });
  };
  return {
    async takeRepairs(limit) {
      const kinds = ['repair', 'replicate'] as const;
      const leases = await jobs.leaseRepairs({
        worker: WORKER,
        limit,
        leaseMs: REPAIR_EXPIRE_S * 1000,
        able: null,
        kinds,
      });
      for (const lease of leases) taken.set(lease.jobId, lease);
      return leases.map(({ jobId, blobId }) => ({ jobId, blobId }));
    },
    finishRepair: finish,
    async finishRepairs(jobIds) {
      for (const jobId of jobIds) await finish(jobId);
    },
    async failRepair(jobId, reason) {
      const lease = take(jobId);
      if (lease !== undefined) await jobs.endLease(WORKER, lease, { kind: 'failed', reason });
    },
  };
}
