import type { BackendId } from '@sealgate/core/names';
import type { LeaseOutcome, Metadata, RepairLease, ReplicaPlace, Worker } from '@sealgate/core/ports';

const worker: Worker = { name: 'contract', epoch: 0 };
const LEASE_MS = 60 * 60_000;

/** The repair queue, as a worker sees it that has the credentials of every backend. */
export interface RepairQueue {
  /** Most urgent first. */
  take(limit?: number): Promise<readonly RepairLease[]>;
  done(lease: RepairLease): Promise<void>;
  fail(lease: RepairLease, reason: string, noRoom?: readonly BackendId[]): Promise<void>;
  /** Every job that is due has had a try, and waits. */
  putOff(): Promise<void>;
  /** Says that copies were made, for each of which a job of its blob must be due, and hands the jobs back. */
  restore(places: readonly ReplicaPlace[]): Promise<readonly LeaseOutcome[]>;
}

export function createRepairQueue(metadata: () => Metadata): RepairQueue {
  const take = async (limit = 10_000): Promise<readonly RepairLease[]> => {
    const all = (await metadata().listBackends()).map(({ id }) => id);
    const able = { writes: all, reads: all };
    return metadata().leaseRepairs({ worker, limit, leaseMs: LEASE_MS, able, kinds: ['repair', 'replicate'] });
  };
  const fail: RepairQueue['fail'] = async (lease, reason, noRoom = []) => {
    await metadata().endLease(worker, lease, { kind: 'failed', reason, noRoom });
  };
  return {
    take,
    fail,
    async done(lease) {
      await metadata().endLease(worker, lease, { kind: 'done' });
    },
    async putOff() {
      for (const lease of await take()) await fail(lease, 'put off');
    },
    async restore(places) {
      const leases = await take();
      const outcomes: LeaseOutcome[] = [];
      for (const { blobId, ...replica } of places) {
        const lease = leases.find((one) => one.blobId === blobId);
        if (lease === undefined) throw new Error('Nothing is owed to that blob.');
        outcomes.push(await metadata().markLeased(worker, lease, { ...replica, state: 'stored' }));
      }
      for (const lease of leases) await metadata().endLease(worker, lease, { kind: 'released' });
      return outcomes;
    },
  };
}
