import type { BackendId, BlobId } from '@sealgate/core/names';
import type { LeaseOutcome, LeaseResult, MetadataJobs, RepairLease, Worker } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import { byId } from '../codec/blob-order.ts';
import { packReplicas } from '../codec/replicas.ts';
import type { Context } from '../context.ts';
import { PROMOTE_BATCH, REPAIRS_HEAD, REPAIRS_SCANNED, REPAIRS_SCANS_MAX } from '../limits.ts';

interface LeasedRow {
  readonly job_id: string;
  readonly blob_id: BlobId;
  readonly token: bigint;
}

/** The last one names no job, and says how far the call came. */
type LeaseRow = LeasedRow | { readonly job_id: null; readonly seen: string | null };

type LeaseCalls = 'leaseRepairs' | 'renewLeases' | 'endLease' | 'leasedBlob' | 'markLeased' | 'settleLeases';
type Leases = Pick<MetadataJobs, LeaseCalls>;

/** Who only ends a lease need not know what it was about. */
type Settled = Omit<LeaseResult, 'lease'> & {
  readonly lease: Pick<RepairLease, 'jobId' | 'token'> & Partial<RepairLease>;
};

export function createLeases(context: Context): Leases {
  const { database, backends } = context;
  /** How far each worker has looked behind the head of the queue; none: it is at the beginning. */
  const seen = new Map<string, string>();

  /** One look at the queue: what the worker gets, and whether there is more behind it. */
  async function look(name: string, values: Parameters<typeof database.write>[1]) {
    const rows = await database.write<LeaseRow>('lease-repairs', [
      ...values,
      seen.get(name) ?? null,
      REPAIRS_HEAD,
      REPAIRS_SCANNED,
    ]);
    const leases: RepairLease[] = [];
    let more = false;
    for (const row of rows) {
      if (row.job_id !== null) leases.push({ jobId: row.job_id, blobId: row.blob_id, token: row.token });
      else if (row.seen !== null) {
        seen.set(name, row.seen);
        more = true;
      }
    }
    if (!more) seen.delete(name);
    return { leases, more };
  }

  async function settle(worker: Worker, results: readonly Settled[]): Promise<LeaseOutcome[]> {
    if (results.length === 0) return [];
    // Whoever locks rows of many blobs does so in this order.
    const order = results.map((_, index) => index).sort((a, b) => byBlob(results[a], results[b]));
    const sorted = order.flatMap((index) => results[index] ?? []);
    const entries = sorted.map(({ replica }) =>
      replica === null ? Promise.resolve(null) : packReplicas([replica], backends),
    );
    const [actor, request] = await context.actor(actorOf(worker));
    const rows = await database.write<{ outcome: LeaseOutcome }>('settle-leases', [
      worker.name,
      worker.epoch,
      sorted.map(({ lease }) => lease.jobId),
      sorted.map(({ lease }) => lease.token.toString()),
      sorted.map(({ lease }) => lease.blobId ?? null),
      await Promise.all(entries),
      sorted.map(({ end }) => end?.kind ?? null),
      sorted.map(({ end }) => (end?.kind === 'failed' ? end.reason : null)),
      await Promise.all(
        sorted.map(({ end }) => (end?.kind === 'failed' ? numbersOf(end.noRoom) : Promise.resolve(null))),
      ),
      actor,
      request,
      context.waits.leavingGraceMs,
    ]);
    const outcomes = results.map((): LeaseOutcome => 'stale');
    for (const [at, index] of order.entries()) {
      outcomes[index] = rows[at]?.outcome ?? 'stale';
    }
    return outcomes;
  }

  /** As PostgreSQL writes an array; null: none, which asks nothing of the reconciler. */
  async function numbersOf(ids: readonly BackendId[]): Promise<string | null> {
    if (ids.length === 0) return null;
    return `{${(await Promise.all(ids.map((id) => backends.numberOf(id)))).join()}}`;
  }

  return {
    async leaseRepairs({ worker, limit, leaseMs, able, kinds, only }) {
      const [actor, requestId] = await context.actor(SYSTEM_ACTOR);
      await database.write('promote-owed', [PROMOTE_BATCH, context.waits.pendingGraceMs, actor, requestId]);
      const numbers = (ids: Iterable<Parameters<typeof backends.numberOf>[0]>) =>
        Promise.all([...ids].map((id) => backends.numberOf(id)));
      const values = [
        worker.name,
        worker.epoch,
        limit,
        leaseMs,
        await numbers(able.writes),
        await numbers(able.reads),
        kinds,
      ];
      if (only !== undefined) {
        const rows = await database.write<LeasedRow>('lease-repairs-of', [...values, only, REPAIRS_SCANNED]);
        return rows.map(({ job_id, blob_id, token }) => ({ jobId: job_id, blobId: blob_id, token }));
      }
      for (let looks = 1; ; looks += 1) {
        const { leases, more } = await look(worker.name, values);
        if (leases.length > 0 || !more || looks >= REPAIRS_SCANS_MAX) return leases;
      }
    },

    async renewLeases(worker, leases, leaseMs) {
      const jobs = leases.map(({ jobId }) => jobId);
      const tokens = leases.map(({ token }) => token.toString());
      const values = [worker.name, worker.epoch, jobs, tokens, leaseMs];
      return (await database.write<{ job_id: string }>('renew-leases', values)).map((row) => row.job_id);
    },

    async leasedBlob(worker, { jobId, token }) {
      const values = [worker.name, worker.epoch, jobId, token];
      const [row] = await database.write<{ blob_id: BlobId; bucket_id: number | null }>('lease-of-job', values);
      return row === undefined ? undefined : { blobId: row.blob_id, bucketId: row.bucket_id };
    },

    async markLeased(worker, { jobId, token, blobId }, replica) {
      const entry = await packReplicas([replica], backends);
      const [actor, request] = await context.actor(actorOf(worker));
      const values = [
        worker.name,
        worker.epoch,
        jobId,
        token,
        blobId,
        entry,
        actor,
        request,
        context.waits.leavingGraceMs,
      ];
      const [row] = await database.write<{ outcome: LeaseOutcome }>('mark-leased', values);
      return row?.outcome ?? 'stale';
    },

    settleLeases: (worker, results) => settle(worker, results),

    async endLease(worker, lease, end) {
      const [outcome] = await settle(worker, [{ lease, replica: null, end }]);
      return outcome !== 'stale';
    },
  };
}

function byBlob(a: Settled | undefined, b: Settled | undefined): number {
  return byId(a?.lease.blobId, b?.lease.blobId);
}

/** Copies that an agent made stand in the log under its name. */
function actorOf({ name, epoch }: { readonly name: string; readonly epoch: number }) {
  return epoch > 0 ? ({ kind: 'agent', id: name, requestId: '' } as const) : SYSTEM_ACTOR;
}
