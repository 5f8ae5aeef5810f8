import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendPool, BlobRecord, Clock, ReplicaRecord } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import type { DigestLists } from '../read/digest-list.ts';
import { relay } from '../read/relay.ts';
import { stripOf } from '../read/strip.ts';
import { type Damage, findDamage } from '../read/verify-strip.ts';

export interface ExamineDeps {
  readonly pool: BackendPool;
  readonly physical: PhysicalBuckets;
  readonly digests: DigestLists;
  readonly clock: Clock;
  readonly limits: EngineLimits;
}

/** `unread`: the backend did not answer, or is none of this process; nothing is known. */
export type Condition = 'good' | 'missing' | 'unread' | Damage;

interface ExamineOptions {
  readonly bucketId: number;
  readonly replica: Pick<ReplicaRecord, 'backend' | 'shard'>;
  /** Called with each piece that was read. */
  readonly onBytes?: (bytes: number) => Promise<void>;
  readonly redundancyClass: string;
  readonly signal: AbortSignal;
}

/** Reads all that one backend holds of a blob, headers and footers too, and compares it with what was written. */
export async function examineReplica(deps: ExamineDeps, blob: BlobRecord, options: ExamineOptions): Promise<Condition> {
  const { backend } = options.replica;
  try {
    return await examine(deps, blob, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const { code } = toFault(error);
    if (code === 'BlobMissing') return 'missing';
    if (code === 'BackendCorrupt') return 'truncated';
    // Another fault than the backend's says nothing about the copy, and must not be taken for a finding.
    if (isFault(error, 'BackendUnreachable', 'BackendTimeout', 'BackendRefused')) {
      deps.pool.report(backend, { kind: 'failed', code });
      return 'unread';
    }
    throw error;
  }
}

async function examine(deps: ExamineDeps, blob: BlobRecord, options: ExamineOptions): Promise<Condition> {
  const { bucketId, replica, redundancyClass, onBytes } = options;
  const driver = deps.pool.driver(replica.backend);
  if (driver === undefined) return 'unread';
  const bucket = await deps.physical.find(bucketId, replica.backend);
  if (bucket === undefined) return 'missing';
  const call = relay(options.signal);
  const { signal } = call;
  /** The same patience that a reader has for one block; then the call is over, whatever still comes. */
  const inTime = async <T>(work: T | Promise<T>): Promise<T> => {
    if (!(work instanceof Promise)) return work;
    const late = Promise.withResolvers<never>();
    const cancel = deps.clock.schedule(deps.limits.readBlockMs, () => {
      const fault = new Fault('BackendTimeout', 'The storage location did not answer in time.');
      late.reject(fault);
      call.abort(fault);
    });
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      cancel();
    }
  };
  try {
    const opened = await inTime(driver.get(bucket, stripOf(blob, replica.shard).key, { signal, redundancyClass }));
    const digestOf = (index: number) => deps.digests.of(blob, index);
    const said = onBytes === undefined ? {} : { onBytes };
    return (await findDamage(opened, { blob, shard: replica.shard, digestOf, inTime, ...said })) ?? 'good';
  } finally {
    call.release();
  }
}
