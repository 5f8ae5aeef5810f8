import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import { regionLockOf } from '@sealgate/core/policy';
import type {
  Backend,
  BackendDriver,
  Bucket,
  Metadata,
  PendingRepair,
  RepairLease,
  ReplicaRecord,
} from '@sealgate/core/ports';
import type { BackgroundShare } from '../maintenance/background-share.ts';
import { examineReplica } from '../maintenance/examine-replica.ts';
import type { Policies } from '../placement/policies.ts';
import { createHedgeBudget } from '../read/hedge-budget.ts';
import type { ReadDeps } from '../read/read-deps.ts';
import { stripOf } from '../read/strip.ts';
import { blobKey } from '../write/blob-key.ts';
import { requireTaken } from '../write/body.ts';
import { rebuildStored } from './rebuild-stored.ts';
import type { RepairWork } from './repair-work.ts';
import type { Turns } from './turns.ts';

export interface RepairDeps extends ReadDeps {
  readonly metadata: ReadDeps['metadata'] & Pick<Metadata, 'blobsForRepair' | 'bucketById' | 'enqueueDeletion'>;
  readonly work: RepairWork;
  readonly policies: Policies;
  /** Shared by all batches of the process. */
  readonly turns: Turns;
  readonly share: BackgroundShare;
}

/**
 * Takes one batch of repair jobs and brings their blobs back to their class: reads a good copy (verified), writes it
 * where it is owed, reads that back unless the backend proves what it received, and only then turns the row `stored`. Works on ciphertext; needs no key.
 *
 * @returns how many jobs were taken
 */
export async function repairDue(deps: RepairDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const jobs = await deps.work.take(deps.limits.repairBatch);
  if (jobs.length === 0) return 0;
  const batch = openBatch(deps, jobs);
  await Promise.all(
    jobs.map(async (job) => {
      const noRoom: BackendId[] = [];
      try {
        await repairOne(deps, job, { batch, noRoom, signal: options.signal });
        await deps.work.finish(job);
      } catch (error) {
        await deps.work.fail(job, { reason: toFault(error).code, noRoom }).catch((failure: unknown) => {
          deps.events.cleanupFailed(job.blobId, toFault(failure));
        });
      }
    }),
  );
  return jobs.length;
}

/** What the jobs of a batch are about: all blobs in one call, and each bucket once. */
interface Batch {
  pending(blobId: BlobId): Promise<PendingRepair | undefined>;
  bucket(id: number): Promise<Bucket | undefined>;
}

function openBatch({ metadata }: RepairDeps, jobs: readonly RepairLease[]): Batch {
  const blobs = metadata
    .blobsForRepair(jobs.map(({ blobId }) => blobId))
    .then((found) => new Map(found.map((pending) => [pending.blob.blobId, pending])));
  // Every job of the batch waits for it, and none of them may be there yet.
  blobs.catch(() => undefined);
  const buckets = new Map<number, Promise<Bucket | undefined>>();
  return {
    pending: async (blobId) => (await blobs).get(blobId),
    bucket(id) {
      const bucket = buckets.get(id) ?? metadata.bucketById(id);
      buckets.set(id, bucket);
      return bucket;
    },
  };
}

interface Within {
  readonly batch: Batch;
  /** Collects the backends that have none for what they are owed. */
  readonly noRoom: BackendId[];
  readonly signal: AbortSignal;
}

/** Waits for its place at every backend that it may read or write, then for its turn: who has a turn waits for nobody. */
async function repairOne(deps: RepairDeps, job: RepairLease, within: Within): Promise<void> {
  const pending = await within.batch.pending(job.blobId);
  if (pending === undefined) return;
  const { share, turns } = deps;
  const places = pending.blob.replicas
    .map(({ backend }) => backend)
    .filter((backend) => deps.pool.driver(backend) !== undefined);
  const able = share.held(places) ? unhurried(deps) : deps;
  await share.admit(places, within.signal, () => turns(() => repairBlob(able, job, { ...within, pending })));
}

/** Of a backend that is slow because we hold it back no other one is asked the same at once. */
function unhurried(deps: RepairDeps): RepairDeps {
  const limits = { ...deps.limits, stallMs: Math.max(deps.limits.stallMs, deps.limits.readBlockMs / 2) };
  return { ...deps, limits, hedges: createHedgeBudget({ hedgeShare: 0, hedgeBurst: 0 }) };
}

async function repairBlob(
  deps: RepairDeps,
  job: RepairLease,
  { batch, noRoom, pending, signal }: Within & { readonly pending: PendingRepair },
): Promise<void> {
  const all = pending.blob.replicas.filter((replica) => replica.state === 'missing' || replica.state === 'pending');
  if (all.length === 0) return;
  // What another worker has the credentials for is that one's; it gets the job when this one ends.
  const mine = all.filter((replica) => deps.pool.driver(replica.backend) !== undefined);
  const owed = mine.length > 0 ? mine : all;
  const bucket = await batch.bucket(pending.bucketId);
  if (bucket === undefined) return;
  // One backend that is away must not keep the others waiting for their copies.
  let failure: unknown;
  for (const [index, replica] of owed.entries()) {
    signal.throwIfAborted();
    deps.work.requireHeld(job);
    try {
      const backend = await legalTarget(deps, { pending, bucket }, replica.backend);
      const last = index === owed.length - 1 && failure === undefined;
      await restore(deps, { job, pending, bucket, backend, shard: replica.shard, last }, signal);
    } catch (error) {
      failure ??= error;
      if (isFault(error, 'BackendFull')) noRoom.push(replica.backend);
    }
  }
  if (failure !== undefined) throw toFault(failure);
}

/** The backend the copy is owed to, if it may and can take it now. Moving a copy elsewhere is the reconciler's work. */
async function legalTarget(
  deps: RepairDeps,
  { pending, bucket }: Pick<Restore, 'pending' | 'bucket'>,
  id: BackendId,
): Promise<Backend> {
  if (deps.pool.full().has(id)) throw new Fault('BackendFull', 'The storage location is full.');
  const backend = deps.pool.all().find((b) => b.id === id);
  if (backend === undefined || !deps.pool.writable().has(id)) {
    throw new Fault('BackendUnreachable', 'The storage location takes no writes now.');
  }
  const policy = await deps.policies.forBucket(bucket);
  const verdict = policy.admits(backend, { regionLock: regionLockOf(bucket.regionLock, pending.residency) });
  if (!verdict.ok) throw new Fault('PolicyRefused', verdict.reason, { rule: verdict.rule });
  return backend;
}

interface Restore {
  readonly job: RepairLease;
  readonly pending: PendingRepair;
  readonly bucket: Bucket;
  readonly backend: Backend;
  /** 0 for a copy. */
  readonly shard: number;
  /** No other copy is owed: the job is over with this one. */
  readonly last: boolean;
}

async function restore(deps: RepairDeps, what: Restore, signal: AbortSignal): Promise<void> {
  const { job, pending, bucket, backend, shard } = what;
  const { blob } = pending;
  const driver = deps.pool.driver(backend.id);
  if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
  const replica = { backend: backend.id, shard, state: 'stored' as const };
  const discard = (): Promise<void> =>
    deps.metadata.enqueueDeletion({ blobId: blob.blobId, bucketId: bucket.id, replicas: [replica] });
  const there = await lookAt(deps, what, replica, signal);
  if (there !== 'good') {
    try {
      await intoBucket(deps, what, signal, (name) =>
        rewrite(deps, what, { driver, name, signal, absent: there === 'absent' }),
      );
    } catch (error) {
      // The bytes may have landed all the same, and when the blob has gone meanwhile nothing else remembers them.
      if ((await deps.metadata.blobsForRepair([blob.blobId])).length === 0) await discard();
      throw error;
    }
  }
  if (!(await deps.work.mark(job, replica, { last: what.last }))) await discard();
}

/** A backend that lost its blobs may have lost the bucket too: then it is made again, and the write begins anew. */
async function intoBucket(
  { physical }: RepairDeps,
  { bucket, backend }: Restore,
  signal: AbortSignal,
  write: (name: PhysicalBucketName) => Promise<void>,
): Promise<void> {
  try {
    await write(await physical.ensure(bucket, backend, signal));
  } catch (error) {
    if (!isFault(error, 'BlobMissing')) throw error;
    physical.doubt(bucket.id, backend.id);
    await write(await physical.ensure(bucket, backend, signal));
  }
}

/** Replaces whatever is there by a good copy or shard, and reads that back. */
async function rewrite(
  deps: RepairDeps,
  what: Restore,
  target: {
    readonly driver: BackendDriver;
    readonly name: PhysicalBucketName;
    readonly signal: AbortSignal;
    /** The backend said just now that there is nothing. */
    readonly absent: boolean;
  },
): Promise<void> {
  const { blob, redundancyClass } = what.pending;
  const { backend, bucket, shard } = what;
  const { driver, name, signal } = target;
  const key = blobKey(blob.blobId, shard);
  const elsewhere = { ...blob, replicas: blob.replicas.filter((r) => r.backend !== backend.id) };
  const from = { bucketId: bucket.id, target: backend, shard, redundancyClass, signal };
  const stored = await rebuildStored(deps, elsewhere, from);
  deps.work.requireHeld(what.job);
  const receipt = await driver
    .put(name, key, {
      ...stored.blob,
      // It was misread perhaps, or has come in late and is good by now: there is no moment without it.
      replace: !target.absent,
      redundancyClass,
      signal,
    })
    .catch((error: unknown) => {
      // Of any other trouble the source may have been the cause.
      if (isFault(error, 'BackendFull')) deps.pool.report(backend.id, { kind: 'failed', code: 'BackendFull' });
      throw error;
    });
  requireTaken(stored.taken());
  // What went out was verified block by block, so a backend that proves what it received need not be read.
  if (receipt.verified !== 'none' || (await lookAt(deps, what, { backend: backend.id, shard }, signal)) === 'good')
    return;
  throw new Fault('BackendCorrupt', 'The restored copy is not what was written.');
}

/** Compares what that one backend holds with what was written. `bad`: that, or the backend did not say. */
async function lookAt(
  deps: RepairDeps,
  { bucket, pending }: Restore,
  replica: Pick<ReplicaRecord, 'backend' | 'shard'>,
  signal: AbortSignal,
): Promise<'good' | 'bad' | 'absent'> {
  const { blob, redundancyClass } = pending;
  const driver = deps.pool.driver(replica.backend);
  const name = await deps.physical.find(bucket.id, replica.backend);
  if (driver === undefined || name === undefined) return 'bad';
  const strip = stripOf(blob, replica.shard);
  try {
    const there = await driver.head(name, strip.key, { signal, redundancyClass });
    if (there === undefined) return 'absent';
    if (there.bytes !== strip.totalBytes) return 'bad';
    const options = { bucketId: bucket.id, replica, redundancyClass, signal };
    return (await examineReplica(deps, blob, options)) === 'good' ? 'good' : 'bad';
  } catch (error) {
    if (signal.aborted) throw error;
    return 'bad';
  }
}
