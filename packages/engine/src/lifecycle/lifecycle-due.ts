import { isFault, toFault } from '@sealgate/core/faults';
import {
  abortingRules,
  afterDays,
  dueActions,
  type LifecycleCalendar,
  type LifecycleConfiguration,
  placeVersions,
  readLifecycleDocument,
  walkedPrefixes,
} from '@sealgate/core/lifecycle';
import { parseObjectKey } from '@sealgate/core/names';
import type { AuditActor, Bucket } from '@sealgate/core/ports';
import { abortion, type LifecycleTask, taskOf } from './act.ts';
import type { MoveDeps } from './move-version.ts';
import { type LifecyclePosition, type LifecycleStage, readPosition, writePosition } from './position.ts';

export interface LifecycleOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From the beginning of one run over all buckets to that of the next. */
  readonly intervalMs: number;
  readonly calendar: LifecycleCalendar;
  readonly signal: AbortSignal;
}

const CURSOR = 'lifecycle';
const S3_DEFAULT_CLASS = 'STANDARD';

type Walking = Extract<LifecyclePosition, { phase: 'walking' }>;

interface Round {
  readonly deps: MoveDeps;
  readonly options: LifecycleOptions;
  /** Taken before anything is read, so that nothing counts as older than it is. */
  readonly nowMs: number;
  readonly actor: AuditActor;
}

/**
 * One step of the lifecycle: a page of versions or uploads of one bucket is judged, and what is due is done. The place
 * is durable and leased to one process; all changes look again before they act, so a process that lost its lease
 * without knowing does no harm.
 *
 * @returns 0 when there is nothing to do now: no run is due, or another process does it
 * @throws Fault DatabaseUnavailable; the step is done again
 */
export async function lifecycleDue(deps: MoveDeps, options: LifecycleOptions): Promise<number> {
  const { metadata, limits } = deps;
  const { holder } = options;
  const lease = await metadata.leaseCursor(CURSOR, holder, limits.lifecycleLeaseMs);
  if (lease === undefined) return 0;
  const nowMs = await metadata.databaseTime();
  const position = readPosition(lease.position);
  const due = position.phase === 'walking' || nowMs >= position.startedMs + options.intervalMs;
  if (!due) {
    await save(deps, holder, { position, leaseMs: 0 });
    return 0;
  }
  const walking: Walking =
    position.phase === 'walking' ? position : { phase: 'walking', startedMs: nowMs, bucketId: 0, stage: null };
  const actor: AuditActor = { kind: 'system', id: 'lifecycle', requestId: `run-${walking.startedMs}` };
  const next = await step({ deps, options, nowMs, actor }, walking);
  await save(deps, holder, { position: next, leaseMs: next.phase === 'walking' ? limits.lifecycleLeaseMs : 0 });
  return 1;
}

async function save(
  { metadata }: Pick<MoveDeps, 'metadata'>,
  holder: string,
  { position, leaseMs }: { readonly position: LifecyclePosition; readonly leaseMs: number },
): Promise<void> {
  await metadata.saveCursor(CURSOR, holder, { position: writePosition(position), leaseMs });
}

async function step(round: Round, at: Walking): Promise<LifecyclePosition> {
  const { metadata } = round.deps;
  const bucket =
    at.stage === null ? await metadata.nextLifecycleBucket(at.bucketId) : await metadata.bucketById(at.bucketId);
  if (bucket === undefined) return at.stage === null ? await finish(round, at) : { ...at, stage: null };
  const configuration = configurationOf(round, bucket);
  const next = configuration && (await stepOfBucket(round, at, { bucket, configuration }));
  return { ...at, bucketId: bucket.id, stage: next ?? null };
}

interface Judged {
  readonly bucket: Bucket;
  readonly configuration: LifecycleConfiguration;
}

/** The stage that follows in this bucket, or null when it is done. */
async function stepOfBucket(round: Round, at: Walking, judged: Judged): Promise<LifecycleStage | null> {
  const { stage } = at;
  if (stage?.kind === 'uploads') return await endUploads(round, judged, stage);
  const prefixes = walkedPrefixes(judged.configuration.rules);
  // The rules may be others than those that the walk began with: it goes on with the first one that is not behind it.
  const prefix = prefixes.find((each) => each >= (stage?.prefix ?? ''));
  if (prefix !== undefined) {
    const after = stage?.prefix === prefix ? stage.after : null;
    const left = await walk(round, at, judged, { kind: 'versions', prefix, after });
    if (left !== null) return left;
  }
  const next = prefixes.find((each) => prefix !== undefined && each > prefix);
  if (next !== undefined) return { kind: 'versions', prefix: next, after: null };
  const aborts = judged.configuration.rules.some((rule) => rule.enabled && rule.abortUploadDays !== null);
  return aborts ? { kind: 'uploads', keyMarker: '', uploadIdMarker: '' } : null;
}

/** One page. What is left of the prefix, or null. */

async function walk(
  round: Round,
  at: Walking,
  { bucket, configuration }: Judged,
  stage: Extract<LifecycleStage, { kind: 'versions' }>,
): Promise<LifecycleStage | null> {
  const { deps, options, nowMs, actor } = round;
  const page = await deps.metadata.walkVersions({
    bucketId: bucket.id,
    prefix: stage.prefix,
    after: stage.after === null ? null : { key: parseObjectKey(stage.after.key), seq: stage.after.seq },
    limit: deps.limits.lifecyclePage,
  });
  const { placed, position } = placeVersions(page.versions, {
    after: stage.after,
    more: page.more,
    versioned: bucket.versioning !== 'off',
  });
  const judging = { nowMs, calendar: options.calendar, classOf: await classNames(round, bucket, configuration) };
  const tasks = placed.map(({ row, subject }) =>
    dueActions(configuration, subject, judging).map((due) => taskOf({ bucket, actor }, row, subject, due)),
  );
  await runAll(round, tasks, { ...at, bucketId: bucket.id, stage });
  deps.events.lifecycleWalked(page.versions.length);
  return page.more ? { ...stage, after: position } : null;
}

/** Without its policy no object of the bucket can move, but it may still expire. */
async function classNames(
  { deps }: Round,
  bucket: Bucket,
  { rules }: LifecycleConfiguration,
): Promise<(name: string) => string> {
  const named = rules.some((rule) => [...rule.transitions, ...rule.noncurrentTransitions].some(isDefault));
  if (!named) return (name) => name;
  try {
    const policy = await deps.policies.forBucket(bucket);
    const defaultClass = bucket.defaultClass ?? policy.defaultClass;
    return (name) => (name === S3_DEFAULT_CLASS ? defaultClass : name);
  } catch (error) {
    if (isFault(error, 'PolicyRefused')) return (name) => name;
    throw error;
  }
}

function isDefault({ storageClass }: { readonly storageClass: string }): boolean {
  return storageClass === S3_DEFAULT_CLASS;
}

async function endUploads(
  round: Round,
  { bucket, configuration }: Judged,
  stage: Extract<LifecycleStage, { kind: 'uploads' }>,
): Promise<LifecycleStage | null> {
  const { deps, options, nowMs, actor } = round;
  const page = await deps.metadata.listUploads({
    bucketId: bucket.id,
    prefix: '',
    delimiter: '',
    keyMarker: stage.keyMarker,
    uploadIdMarker: stage.uploadIdMarker,
    limit: deps.limits.lifecyclePage,
  });
  const due = page.uploads.filter((upload) =>
    abortingRules(configuration, upload.key).some(
      ({ days }) => afterDays(upload.createdAtMs, days, options.calendar) <= nowMs,
    ),
  );
  for (const upload of due) await runOne(round, abortion({ bucket, actor }, upload));
  if (!page.truncated) return null;
  return { kind: 'uploads', keyMarker: page.nextKeyMarker ?? '', uploadIdMarker: page.nextUploadIdMarker ?? '' };
}

/** A few versions at a time; of one version one thing after the other. */
async function runAll(round: Round, tasks: readonly (readonly LifecycleTask[])[], at: Walking): Promise<void> {
  const { deps, options } = round;
  const waiting = tasks.filter((each) => each.length > 0);
  let leasedMs = deps.clock.monotonic();
  /** What takes long must not look like a process that died. */
  const keepLease = async (): Promise<void> => {
    if (deps.clock.monotonic() - leasedMs < deps.limits.lifecycleLeaseMs / 2) return;
    leasedMs = deps.clock.monotonic();
    await save(deps, options.holder, { position: at, leaseMs: deps.limits.lifecycleLeaseMs });
  };
  const lane = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      await keepLease();
      for (const task of each) await runOne(round, task);
    }
  };
  await Promise.all(Array.from({ length: deps.limits.lifecycleConcurrency }, lane));
}

async function runOne({ deps, options }: Round, task: LifecycleTask): Promise<void> {
  options.signal.throwIfAborted();
  deps.events.lifecycleActed(task.action, await task.run(deps, options.signal));
}

/** The end of a run: what ended long ago is forgotten. */
async function finish({ deps, nowMs, actor }: Round, at: Walking): Promise<LifecyclePosition> {
  const { limits, metadata, events } = deps;
  const request = { rememberedMs: limits.uploadRememberedMs, limit: limits.lifecyclePage, actor };
  const taken = await metadata.purgeUploads(request);
  // The same place again, until nothing is left of them.
  if (taken >= limits.lifecyclePage) return at;
  events.lifecycleFinished(at.startedMs, nowMs - at.startedMs);
  return { phase: 'waiting', startedMs: at.startedMs };
}

/** A document that nobody understands holds up no other bucket. */
function configurationOf({ deps }: Round, bucket: Bucket): LifecycleConfiguration | undefined {
  const document = bucket.configs.lifecycle;
  if (document === undefined) return undefined;
  try {
    return readLifecycleDocument(document);
  } catch (error) {
    deps.events.lifecycleUnreadable(bucket.id, toFault(error));
    return undefined;
  }
}
