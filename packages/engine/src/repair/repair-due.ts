import { Readable } from 'node:stream';
import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import type { Backend, BackendDriver, BlobRecord, Bucket, Metadata, PendingRepair } from '@sealgate/core/ports';
import type { Policies } from '../placement/policies.ts';
import { type ReadDeps, readBlob } from '../read/read-blob.ts';
import { blobKey } from '../write/blob-key.ts';

export interface RepairDeps extends ReadDeps {
  readonly metadata: ReadDeps['metadata'] &
    Pick<
      Metadata,
      'takeRepairs' | 'finishRepair' | 'failRepair' | 'blobForRepair' | 'markReplica' | 'bucketById' | 'enqueueDeletion'
    >;
  readonly policies: Policies;
}

/**
 * Takes one batch of repair jobs and brings their blobs back to their class: reads a good copy (verified), writes it
 * where it is owed, reads that back, and only then turns the row `stored`. Works on ciphertext; needs no key.
 *
 * @returns how many jobs were taken
 */
export async function repairDue(deps: RepairDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const jobs = await deps.metadata.takeRepairs(deps.limits.repairBatch);
  await Promise.all(
    jobs.map(async (job) => {
      try {
        await repairBlob(deps, job.blobId, options.signal);
        await deps.metadata.finishRepair(job.jobId);
      } catch (error) {
        await deps.metadata.failRepair(job.jobId, toFault(error).code).catch((failure: unknown) => {
          deps.events.cleanupFailed(job.blobId, toFault(failure));
        });
      }
    }),
  );
  return jobs.length;
}

async function repairBlob(deps: RepairDeps, blobId: BlobId, signal: AbortSignal): Promise<void> {
  const pending = await deps.metadata.blobForRepair(blobId);
  if (pending === undefined) return;
  const owed = pending.blob.replicas.filter((replica) => replica.state !== 'stored');
  if (owed.length === 0) return;
  const bucket = await deps.metadata.bucketById(pending.bucketId);
  if (bucket === undefined) return;
  // One backend that is away must not keep the others waiting for their copies.
  let failure: unknown;
  for (const replica of owed) {
    signal.throwIfAborted();
    try {
      const backend = await legalTarget(deps, bucket, replica.backend);
      await restoreCopy(deps, { pending, bucket, backend }, signal);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw toFault(failure);
}

/** The backend the copy is owed to, if it may and can take it now. Moving a copy elsewhere is the reconciler's work. */
async function legalTarget(deps: RepairDeps, bucket: Bucket, id: BackendId): Promise<Backend> {
  const backend = deps.pool.all().find((b) => b.id === id);
  if (backend === undefined || !deps.pool.writable().has(id)) {
    throw new Fault('BackendUnreachable', 'The storage location takes no writes now.');
  }
  const policy = await deps.policies.forBucket(bucket);
  const verdict = policy.admits(backend, { regionLock: bucket.regionLock });
  if (!verdict.ok) throw new Fault('PolicyRefused', verdict.reason, { rule: verdict.rule });
  return backend;
}

interface Restore {
  readonly pending: PendingRepair;
  readonly bucket: Bucket;
  readonly backend: Backend;
}

async function restoreCopy(deps: RepairDeps, restore: Restore, signal: AbortSignal): Promise<void> {
  const { pending, bucket, backend } = restore;
  const { blob } = pending;
  const driver = deps.pool.driver(backend.id);
  if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
  const name = await deps.physical.ensure(bucket, backend, signal);
  const replica = { backend: backend.id, shard: 0, state: 'stored' as const };
  const discard = (): Promise<void> =>
    deps.metadata.enqueueDeletion({ blobId: blob.blobId, bucketId: bucket.id, replicas: [replica] });
  if (!(await isGood(deps, restore, backend.id, signal))) {
    try {
      await rewrite(deps, restore, { driver, name, signal });
    } catch (error) {
      if (isFault(error, 'BlobMissing')) deps.physical.doubt(bucket.id, backend.id);
      // The bytes may have landed all the same, and when the blob has gone meanwhile nothing else remembers them.
      if ((await deps.metadata.blobForRepair(blob.blobId)) === undefined) await discard();
      throw error;
    }
  }
  if (!(await deps.metadata.markReplica(blob.blobId, replica))) await discard();
}

/** Replaces whatever is there by a good copy, and reads that back. */
async function rewrite(
  deps: RepairDeps,
  restore: Restore,
  target: { readonly driver: BackendDriver; readonly name: PhysicalBucketName; readonly signal: AbortSignal },
): Promise<void> {
  const { blob } = restore.pending;
  const { backend, bucket } = restore;
  const { driver, name, signal } = target;
  const key = blobKey(blob.blobId, 0);
  const elsewhere = { ...blob, replicas: blob.replicas.filter((r) => r.backend !== backend.id) };
  if ((await driver.head(name, key, { signal })) !== undefined) {
    // It was misread perhaps, and may be the last good copy: it goes only when another one is sure.
    await requireGoodCopy(deps, restore, elsewhere, signal);
    await driver.delete(name, key, { signal });
  }
  const source = wholeBlob(deps, elsewhere, { bucketId: bucket.id, signal });
  await driver.put(name, key, { body: source, bytes: blob.bytes, signal });
  if (await isGood(deps, restore, backend.id, signal)) return;
  throw new Fault('BackendCorrupt', 'The restored copy is not what was written.');
}

async function requireGoodCopy(
  deps: RepairDeps,
  restore: Restore,
  blob: BlobRecord,
  signal: AbortSignal,
): Promise<void> {
  for (const id of deps.pool.readOrder(blob.replicas.map((r) => r.backend))) {
    if (await isGood(deps, restore, id, signal)) return;
  }
  throw new Fault('DataUnavailable', 'No other copy can be read to repair this one from.');
}

function wholeBlob(deps: RepairDeps, blob: BlobRecord, options: { bucketId: number; signal: AbortSignal }): Readable {
  if (blob.bytes === 0) return Readable.from([]);
  const range = { start: 0, end: blob.bytes - 1 };
  return Readable.from(readBlob(deps, blob, { ...options, range }), { objectMode: false });
}

/** Reads the copy on that one backend, every block against the digest list. */
async function isGood(deps: RepairDeps, restore: Restore, backend: BackendId, signal: AbortSignal): Promise<boolean> {
  const { bucket } = restore;
  const { blob } = restore.pending;
  const driver = deps.pool.driver(backend);
  const name = await deps.physical.find(bucket.id, backend);
  if (driver === undefined || name === undefined) return false;
  const only: BlobRecord = { ...blob, replicas: [{ backend, shard: 0, state: 'stored' }] };
  // A read for checking must not ask for the repair that it is part of.
  const quiet: ReadDeps = { ...deps, metadata: { reportBadReplica: () => Promise.resolve() } };
  try {
    const there = await driver.head(name, blobKey(blob.blobId, 0), { signal });
    if (there?.bytes !== blob.bytes) return false;
    if (blob.bytes === 0) return true;
    const range = { start: 0, end: blob.bytes - 1 };
    let bytes = 0;
    for await (const block of readBlob(quiet, only, { bucketId: bucket.id, range, signal })) bytes += block.length;
    return bytes === blob.bytes;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}
