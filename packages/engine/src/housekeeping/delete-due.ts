import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendPool, Clock, DueDeletion, Metadata } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { blobKey } from '../write/blob-key.ts';
import { answeringDriver } from './answering.ts';

export interface DeleteDeps {
  readonly metadata: Pick<Metadata, 'leaseDeletions' | 'finishDeletion'>;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

/**
 * Takes one batch off the deletion queue and removes its bytes. The lease re-checked that nothing names the blobs.
 * What a backend does not delete now stays queued until its lease runs out; one that is away is not asked.
 *
 * @returns how many blobs were leased; fewer than the batch means that the queue is empty for now
 */
export async function deleteDue(deps: DeleteDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const { metadata, limits } = deps;
  const due = await metadata.leaseDeletions(limits.deletionBatch, limits.deletionLeaseMs);
  await Promise.all(due.map((deletion) => deleteBlob(deps, deletion, options.signal)));
  return due.length;
}

async function deleteBlob(deps: DeleteDeps, deletion: DueDeletion, signal: AbortSignal): Promise<void> {
  const { pool, metadata, limits, events, clock } = deps;
  const late = new AbortController();
  const cancel = clock.schedule(limits.deletionTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  const timeout = AbortSignal.any([signal, late.signal]);
  const outcomes = await Promise.all(
    deletion.replicas.map(async (replica) => {
      const driver = answeringDriver(pool, replica.backend);
      if (driver === undefined) return undefined;
      try {
        await driver.delete(replica.bucket, blobKey(deletion.blobId, replica.shard), { signal: timeout });
        return { backend: replica.backend, shard: replica.shard };
      } catch (error) {
        if (!signal.aborted) pool.report(replica.backend, { kind: 'failed', code: toFault(error).code });
        return undefined;
      }
    }),
  );
  cancel();
  const gone = outcomes.filter((replica) => replica !== undefined);
  if (gone.length === 0) return;
  try {
    await metadata.finishDeletion(deletion.blobId, gone);
  } catch (error) {
    events.cleanupFailed(deletion.blobId, toFault(error));
  }
}
