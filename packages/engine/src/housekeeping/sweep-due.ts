import { Fault, toFault } from '@sealgate/core/faults';
import { readBackendKey } from '@sealgate/core/housekeeping';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type {
  AuditActor,
  BackendDriver,
  BackendPool,
  Clock,
  ListBlobsPage,
  ListedBlob,
  ListedCopy,
  Metadata,
} from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { NO_COUNTS, readSweepPosition, type SweepCounts, type SweepPosition } from './sweep-position.ts';

export interface SweepOptions {
  /** Names this process among those that could do the work; on one backend one does at a time. */
  readonly holder: string;
  /** From the beginning of one run over a backend to that of the next. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

export interface SweepDeps {
  readonly metadata: Pick<
    Metadata,
    | 'leaseCursor'
    | 'saveCursor'
    | 'databaseTime'
    | 'nextPhysicalBucket'
    | 'sweepPage'
    | 'forgetPhysicalBucket'
    | 'sweepHold'
  >;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

/** Durable positions of the sweep are named so, with the backend's id behind it. */
export const SWEEP_CURSORS = 'orphan-sweep/';

type Run = NonNullable<SweepPosition['run']>;

interface Round {
  readonly deps: SweepDeps;
  readonly backend: BackendId;
  readonly driver: BackendDriver;
  /** The database's time; whatever the backend says of times is compared with it. */
  readonly nowMs: number;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

/**
 * One step of the sweep for orphans on every backend: a page of a physical bucket's listing is compared with the rows
 * of the metadata, which decides what is none of anybody's. Nothing is deleted here but empty buckets of deleted ones:
 * what was found goes through the deletion queue and `removeStrays`, which look again right before they delete.
 *
 * @returns how many backends had something to walk; 0 when no run is due, other processes do it, or the sweep is held
 */
export async function sweepDue(deps: SweepDeps, options: SweepOptions): Promise<number> {
  if ((await deps.metadata.sweepHold()) !== undefined) return 0;
  const waiting = deps.pool.all().map(({ id }) => id);
  let walked = 0;
  const lane = async (): Promise<void> => {
    for (let backend = waiting.shift(); backend !== undefined; backend = waiting.shift()) {
      options.signal.throwIfAborted();
      const driver = deps.pool.driver(backend);
      if (driver !== undefined && (await sweepBackend(deps, options, { backend, driver }))) walked += 1;
    }
  };
  await Promise.all(Array.from({ length: deps.limits.sweepConcurrency }, lane));
  return walked;
}

async function sweepBackend(
  deps: SweepDeps,
  options: SweepOptions,
  { backend, driver }: Pick<Round, 'backend' | 'driver'>,
): Promise<boolean> {
  const { metadata, limits } = deps;
  const name = SWEEP_CURSORS + backend;
  const lease = await metadata.leaseCursor(name, options.holder, limits.sweepLeaseMs);
  if (lease === undefined) return false;
  const save = (position: SweepPosition, leaseMs: number): Promise<boolean> =>
    metadata.saveCursor(name, options.holder, { position, leaseMs });
  const position = readSweepPosition(lease.position);
  const nowMs = await metadata.databaseTime();
  const isDue = position.run !== null || nowMs >= (position.last?.startedMs ?? 0) + options.intervalMs;
  if (!isDue || nowMs < (position.trouble?.retryAtMs ?? 0)) {
    await save(position, 0);
    return false;
  }
  const run: Run = position.run ?? { startedMs: nowMs, bucket: '', after: null, bucketKeys: 0, counts: NO_COUNTS };
  const actor: AuditActor = { kind: 'system', id: 'orphan-sweep', requestId: `run-${run.startedMs}` };
  try {
    const next = await step({ deps, backend, driver, nowMs, actor, signal: options.signal }, run);
    if (next !== undefined) await save({ run: next, last: position.last, trouble: null }, limits.sweepLeaseMs);
    else {
      const last = { startedMs: run.startedMs, endedMs: nowMs, counts: run.counts };
      await save({ run: null, last, trouble: null }, 0);
      deps.events.sweepFinished(backend, last);
    }
    return true;
  } catch (error) {
    if (options.signal.aborted) throw error;
    const fault = toFault(error);
    deps.events.sweepFailed(backend, fault);
    // The same place again after a while: a backend that is away holds up no other.
    const trouble = { code: fault.code, retryAtMs: nowMs + limits.sweepRetryMs };
    await save({ run, last: position.last, trouble }, 0);
    return false;
  }
}

/** The place behind one page, or undefined at the end of the run. */
async function step(round: Round, run: Run): Promise<Run | undefined> {
  if (run.after === null) {
    const next = await round.deps.metadata.nextPhysicalBucket(round.backend, run.bucket);
    return next && { ...run, bucket: next.name, after: '', bucketKeys: 0 };
  }
  // Made by us and written down by us, so it is a name of ours.
  const bucket = run.bucket as PhysicalBucketName;
  const page = await listPage(round, bucket, run.after);
  const counts = await judge(round, bucket, page, run.counts);
  const bucketKeys = run.bucketKeys + page.blobs.length;
  const last = page.blobs.at(-1);
  if (page.truncated && last !== undefined) return { ...run, after: last.key, bucketKeys, counts };
  const removed = bucketKeys === 0 && (await removeAbandoned(round, bucket)) ? 1 : 0;
  return {
    ...run,
    after: null,
    bucketKeys: 0,
    counts: { ...counts, buckets: counts.buckets + 1, removedBuckets: counts.removedBuckets + removed },
  };
}

async function listPage(round: Round, bucket: PhysicalBucketName, after: string): Promise<ListBlobsPage> {
  const { limits } = round.deps;
  return await inTime(round, (signal) => round.driver.list(bucket, { after, limit: limits.sweepPage, signal }));
}

async function judge(
  round: Round,
  bucket: PhysicalBucketName,
  page: ListBlobsPage,
  before: SweepCounts,
): Promise<SweepCounts> {
  const { deps, backend, actor, nowMs } = round;
  const copies: ListedCopy[] = [];
  const foreign: string[] = [];
  const settledBeforeMs = nowMs - deps.limits.straySettledMs;
  const sort = ({ key, modifiedAtMs }: ListedBlob): void => {
    const read = readBackendKey(key);
    if (read.kind === 'foreign') foreign.push(`${bucket}/${key}`);
    if (read.kind !== 'blob') return;
    copies.push({ blobId: read.blobId, shard: read.shard, settled: modifiedAtMs < settledBeforeMs });
  };
  page.blobs.forEach(sort);
  const found = copies.length === 0 ? undefined : await deps.metadata.sweepPage({ backend, bucket, copies, actor });
  if (found?.held === true) throw new Fault('Conflict', 'The sweep is held.');
  const { unknown = 0, misplaced = 0 } = found ?? {};
  deps.events.swept(backend, { keys: page.blobs.length, unknown, misplaced, foreign: foreign.length });
  return {
    ...before,
    keys: before.keys + page.blobs.length,
    unknown: before.unknown + unknown,
    misplaced: before.misplaced + misplaced,
    foreign: before.foreign + foreign.length,
    foreignKeys: [...before.foreignKeys, ...foreign].slice(0, deps.limits.foreignKeysShown),
  };
}

/**
 * Removes an empty bucket whose logical buckets are long gone. The backend itself refuses to remove one that is not
 * empty, so what somebody writes meanwhile is never lost.
 */
async function removeAbandoned(round: Round, bucket: PhysicalBucketName): Promise<boolean> {
  const { deps, backend, driver, actor } = round;
  const { metadata } = deps;
  const behind = bucket.slice(0, -1);
  // Asked again for this very name: the listing took its time.
  const found = await metadata.nextPhysicalBucket(backend, behind);
  if (found?.name !== bucket || !found.abandoned) return false;
  await inTime(round, (signal) => driver.removeBucket(bucket, { signal }));
  return await metadata.forgetPhysicalBucket(backend, bucket, actor);
}

async function inTime<T>({ deps, signal }: Round, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, limits } = deps;
  const late = new AbortController();
  const cancel = clock.schedule(limits.sweepTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    return await call(AbortSignal.any([signal, late.signal]));
  } finally {
    cancel();
  }
}
