import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendPool, BlobRecord, Clock, LockPush, Metadata, ReplicaRecord } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { type PhysicalBuckets, takesLocks } from '../placement/physical-buckets.ts';
import type { Policies } from '../placement/policies.ts';
import { blobKey } from '../write/blob-key.ts';

export interface PushLocksDeps {
  readonly metadata: Pick<Metadata, 'leaseLockPushes' | 'finishLockPush' | 'bucketById' | 'version' | 'readSegments'>;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
  readonly physical: PhysicalBuckets;
  readonly policies: Policies;
}

/**
 * Tells backends with object lock of the retention of one batch of versions, where the policy of their bucket asks for
 * it. A second line only: what is retained is decided by the metadata, and backends are told GOVERNANCE, which the
 * gateway itself can bypass, so that copies can be repaired and moved.
 *
 * @returns how many versions it took
 */
export async function pushLocksDue(deps: PushLocksDeps, options: { readonly signal: AbortSignal }): Promise<number> {
  const { metadata, limits } = deps;
  const due = await metadata.leaseLockPushes(limits.lockPushBatch, limits.lockPushLeaseMs);
  await Promise.all(
    due.map(async (push) => {
      if (await pushLock(deps, push, options.signal)) await metadata.finishLockPush(push);
    }),
  );
  return due.length;
}

/** True when there is nothing left to tell; what a backend did not hear is told again when the lease runs out. */
async function pushLock(deps: PushLocksDeps, push: LockPush, signal: AbortSignal): Promise<boolean> {
  const bucket = await deps.metadata.bucketById(push.bucketId);
  if (bucket === undefined || !(await deps.policies.forBucket(bucket)).pushesLocks) return true;
  let told = true;
  for await (const blob of blobsOf(deps, push)) {
    signal.throwIfAborted();
    const stored = blob.replicas.filter((replica) => replica.state === 'stored');
    const outcomes = await Promise.all(stored.map((replica) => retain(deps, { push, blob, replica }, signal)));
    told &&= outcomes.every(Boolean);
  }
  return told;
}

async function* blobsOf({ metadata, limits }: PushLocksDeps, push: LockPush): AsyncGenerator<BlobRecord> {
  const version = await metadata.version(push.bucketId, push.key, push.versionId);
  if (version === undefined) return;
  if (version.blob !== null) yield version.blob;
  if (version.parts === 0) return;
  for (let offset = 0; ; ) {
    const page = await metadata.readSegments(version, offset, limits.segmentPage);
    for (const { blob } of page) yield blob;
    const last = page.at(-1);
    if (last === undefined || page.length < limits.segmentPage) return;
    offset = last.offset + last.bytes;
  }
}

/** False when it is worth another try. */
async function retain(
  deps: PushLocksDeps,
  copy: { readonly push: LockPush; readonly blob: BlobRecord; readonly replica: ReplicaRecord },
  signal: AbortSignal,
): Promise<boolean> {
  const { pool, physical, events, clock, limits } = deps;
  const { push, blob, replica } = copy;
  const backend = pool.all().find(({ id }) => id === replica.backend);
  const driver = pool.driver(replica.backend);
  if (backend === undefined || !takesLocks(backend) || driver?.retain === undefined) return true;
  const name = await physical.find(push.bucketId, replica.backend);
  if (name === undefined) return true;
  const late = new AbortController();
  const cancel = clock.schedule(limits.deletionTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    const key = blobKey(blob.blobId, replica.shard);
    await driver.retain(name, key, { untilMs: push.untilMs, signal: AbortSignal.any([signal, late.signal]) });
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    events.lockNotPushed(replica.backend, toFault(error));
    // Made before the policy asked for it, or gone by now: no other try would change that.
    return isFault(error, 'BackendRefused', 'BlobMissing');
  } finally {
    cancel();
  }
}
