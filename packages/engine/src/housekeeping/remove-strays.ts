import { Fault, toFault } from '@sealgate/core/faults';
import type { AuditActor, BackendPool, Clock, Metadata, StrayCopy } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { blobKey } from '../write/blob-key.ts';
import { answeringDriver } from './answering.ts';

export interface RemoveStraysDeps {
  readonly metadata: Pick<Metadata, 'leaseStrays' | 'finishStray'>;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

const ACTOR: AuditActor = { kind: 'system', id: 'orphan-sweep', requestId: '' };

/**
 * Removes one batch of copies that lie where no row names them. The lease looked again, and while it lasts nobody can
 * name them. What a backend does not delete now stays until its lease runs out.
 *
 * @returns how many were leased
 */
export async function removeStrays(deps: RemoveStraysDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const { metadata, limits } = deps;
  const strays = await metadata.leaseStrays(limits.deletionBatch, limits.deletionLeaseMs);
  await Promise.all(strays.map((stray) => removeOne(deps, stray, options.signal)));
  return strays.length;
}

async function removeOne(deps: RemoveStraysDeps, stray: StrayCopy, signal: AbortSignal): Promise<void> {
  const { pool, metadata, limits, events, clock } = deps;
  const driver = answeringDriver(pool, stray.backend);
  if (driver === undefined) return;
  const late = new AbortController();
  const cancel = clock.schedule(limits.deletionTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    const key = blobKey(stray.blobId, stray.shard);
    await driver.delete(stray.bucket, key, { signal: AbortSignal.any([signal, late.signal]) });
    await metadata.finishStray(stray, ACTOR);
    events.strayRemoved(stray.backend);
  } catch (error) {
    const fault = toFault(error);
    if (!signal.aborted) pool.report(stray.backend, { kind: 'failed', code: fault.code });
    events.cleanupFailed(stray.blobId, fault);
  } finally {
    cancel();
  }
}
