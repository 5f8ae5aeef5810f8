import type { BackendId, BlobId } from '@sealgate/core/names';
import type { LeaseOutcome, Metadata, RepairLease, ReplicaPlace, Worker } from '@sealgate/core/ports';

const worker: Worker = { name: 'contract', epoch: 0 };
const LEASE_MS = 60 * 60_000;
const ALL = 10_000;

/** The repair queue, as a worker sees it that has the credentials of every backend. */
export interface RepairQueue {
  /**
   * A test begins: every job that is due has had a try, and blobs made up to now are no concern of it. Jobs that earlier
   * tests let fail come due again while later ones run, when these take long enough.
   */
  begin(): Promise<void>;
  /** Those of blobs that were made since the test began. */
  own<L extends { readonly blobId: BlobId }>(leases: readonly L[]): readonly L[];
  /** What is its own, most urgent first. */
  take(limit?: number): Promise<readonly RepairLease[]>;
  done(lease: RepairLease): Promise<void>;
  fail(lease: RepairLease, reason: string, noRoom?: readonly BackendId[]): Promise<void>;
  /** Every job that is due has had a try, and waits. */
  putOff(): Promise<void>;
  /** Says that copies were made, for each of which a job of its blob must be due, and hands the jobs back. */
  restore(places: readonly ReplicaPlace[]): Promise<readonly LeaseOutcome[]>;
}

/** @param made every blob so far */
export function createRepairQueue(metadata: () => Metadata, made: ReadonlySet<BlobId>): RepairQueue {
  let before: ReadonlySet<BlobId> = new Set();
  const own: RepairQueue['own'] = (leases) => leases.filter(({ blobId }) => !before.has(blobId));
  const takeAll = async (limit: number): Promise<readonly RepairLease[]> => {
    const all = (await metadata().listBackends()).map(({ id }) => id);
    const able = { writes: all, reads: all };
    return metadata().leaseRepairs({ worker, limit, leaseMs: LEASE_MS, able, kinds: ['repair', 'replicate'] });
  };
  const take = async (limit = ALL): Promise<readonly RepairLease[]> => own(await takeAll(limit));
  const fail: RepairQueue['fail'] = async (lease, reason, noRoom = []) => {
    await metadata().endLease(worker, lease, { kind: 'failed', reason, noRoom });
  };
  const putOff = async (): Promise<void> => {
    for (const lease of await takeAll(ALL)) await fail(lease, 'put off');
  };
  return {
    async begin() {
      await putOff();
      before = new Set(made);
    },
    own,
    take,
    fail,
    putOff,
    async done(lease) {
      await metadata().endLease(worker, lease, { kind: 'done' });
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
