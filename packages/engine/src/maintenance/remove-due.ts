import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendPool, Clock, DueRemoval, Metadata } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import { answeringDriver } from '../housekeeping/answering.ts';
import type { EngineLimits } from '../limits.ts';
import { blobKey } from '../write/blob-key.ts';

export interface RemoveDeps {
  readonly metadata: Pick<Metadata, 'leaseRemovals' | 'finishRemovals' | 'listBackends'>;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

/**
 * Takes one batch of single copies that nobody wants where they are, and removes them. The lease looked at each row again.
 * What a backend does not remove now stays until its lease runs out.
 *
 * @returns how many copies were leased
 */
export async function removeDue(deps: RemoveDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const { metadata, limits, clock, events } = deps;
  const due = await metadata.leaseRemovals(limits.deletionBatch, limits.deletionLeaseMs);
  if (due.length === 0) return 0;
  const late = new AbortController();
  const cancel = clock.schedule(limits.deletionTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  const signal = AbortSignal.any([options.signal, late.signal]);
  const retired = retiredOnes(deps);
  const outcomes = await Promise.all(due.map((removal) => remove(deps, removal, { signal, retired })));
  cancel();
  const gone = due.filter((_, index) => outcomes[index] === true);
  await metadata.finishRemovals(gone);
  for (const { backend } of gone) events.copyRemoved(backend);
  return due.length;
}

async function remove(
  { pool }: RemoveDeps,
  removal: DueRemoval,
  options: { readonly signal: AbortSignal; readonly retired: (id: BackendId) => Promise<boolean> },
): Promise<boolean> {
  const { backend, bucket, blobId, shard } = removal;
  if (bucket === undefined) return true;
  const driver = answeringDriver(pool, backend);
  // A retired backend is out of reach for good.
  if (driver === undefined) return await options.retired(backend).catch(() => false);
  try {
    await driver.delete(bucket, blobKey(blobId, shard), { signal: options.signal });
    return true;
  } catch (error) {
    if (!options.signal.aborted) pool.report(backend, { kind: 'failed', code: toFault(error).code });
    return false;
  }
}

/** Asks the database once, and only when a backend is not in the pool. */
function retiredOnes({ metadata, pool }: RemoveDeps): (id: BackendId) => Promise<boolean> {
  let rows: ReturnType<Metadata['listBackends']> | undefined;
  return async (id) => {
    if (pool.all().some((backend) => backend.id === id)) return false;
    rows ??= metadata.listBackends();
    return (await rows).some((backend) => backend.id === id && backend.state === 'retired');
  };
}
