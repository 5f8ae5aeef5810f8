import { type Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendId, ObjectKey } from '@sealgate/core/names';
import type { AuditActor, Bucket, CursorPosition, LoggedChange, LogMark, Metadata } from '@sealgate/core/ports';
import type { DocumentRecipient } from '../documents/index.ts';
import type { EngineEvents } from '../events.ts';
import type { RandomBytes } from '../write/types.ts';
import { createBucketManifests } from './bucket-manifest.ts';
import { RECOVERY_CURSOR } from './position.ts';
import type { WriteManifestDeps } from './write-manifest.ts';

export interface ManifestsOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** Whoever has its private key can recover the buckets of tenants without keys of their own; undefined: nobody can. */
  readonly operatorKey: DocumentRecipient | undefined;
  readonly signal: AbortSignal;
}

export interface ManifestsDeps extends WriteManifestDeps {
  readonly random: RandomBytes;
  readonly metadata: Metadata;
  readonly events: EngineEvents;
}

export interface Manifests {
  /**
   * One step: requested bases, then what the log has since the last step, then a look at buckets whose documents lie
   * where they may not any more.
   *
   * @returns 0 when there is nothing to do now, or another process does it
   * @throws Fault DatabaseUnavailable; the step is done again
   */
  due(options: ManifestsOptions): Promise<number>;
}

/** A mark of the log becomes final when writers under way have ended: looked at so often, then left to the next step. */
const FINAL_TRIES = 40;
const FINAL_WAIT_MS = 50;

/** Where the reading of the log stands, for all buckets together. */
interface LogPosition {
  readonly through: string;
  readonly operatorKey: string | null;
  readonly checkedAtMs: number;
  /** Of placements, as it was when all buckets were checked; absent: older than this member. */
  readonly epoch?: string | null;
  /** Another epoch than that, and when it was first seen: the check waits until every process has heard of the change. */
  readonly noticed?: { readonly epoch: string; readonly atMs: number } | null;
  /** Buckets that are gone and whose documents could not all be removed. */
  readonly gone: readonly number[];
}

interface Round {
  readonly deps: ManifestsDeps;
  readonly options: ManifestsOptions;
  readonly actor: AuditActor;
  readonly buckets: ReturnType<typeof createBucketManifests>;
  /** Buckets that failed lately, and when they may be tried again. */
  readonly resting: Map<number, number>;
}

/** Writes recovery manifests behind the log. Whatever it does again does no harm, so it may be overtaken at any time. */
export function createManifests(deps: ManifestsDeps): Manifests {
  const actor: AuditActor = { kind: 'system', id: 'recovery', requestId: 'manifests' };
  const buckets = createBucketManifests(deps);
  const resting = new Map<number, number>();
  return {
    async due(options) {
      const { metadata, limits } = deps;
      const lease = await metadata.leaseCursor(RECOVERY_CURSOR, options.holder, limits.manifestLeaseMs);
      if (lease === undefined) return 0;
      const round: Round = { deps, options, actor, buckets, resting };
      const mark = await finalMark(round);
      if (mark === undefined) return 0;
      const upTo = mark.seq;
      const position = await begin(round, readPosition(lease.position), upTo);
      const rebased = await writeRequested(round);
      const page = await metadata.loggedChanges({
        after: BigInt(position.through),
        upTo,
        limit: limits.manifestChanges,
      });
      const gone = await writeChanges(round, page.changes, page.through);
      const checked = await checkAll(round, position);
      const left = await sweepGone(round, [...position.gone, ...gone]);
      const next: LogPosition = { ...position, ...checked, gone: left, through: page.through.toString() };
      const kept = await metadata.saveCursor(RECOVERY_CURSOR, options.holder, {
        position: next,
        leaseMs: limits.manifestLeaseMs,
      });
      if (!kept) return 0;
      deps.events.manifestsCaughtUp(page.through === upTo ? mark.atMs : undefined);
      return page.through < upTo ? Math.max(1, page.changes.length) : rebased;
    },
  };
}

/** A mark up to which the log is final, or undefined when writers are slow. */
async function finalMark({ deps, options }: Round): Promise<LogMark | undefined> {
  const mark = await deps.metadata.markLog();
  for (let tries = 0; tries < FINAL_TRIES && !options.signal.aborted; tries += 1) {
    if (await deps.metadata.isLogFinal(mark)) return mark;
    await new Promise<void>((resolve) => void deps.clock.schedule(FINAL_WAIT_MS, resolve));
  }
  return undefined;
}

function readPosition(position: CursorPosition): LogPosition | undefined {
  if (typeof position !== 'object' || position === null || !('through' in position)) return undefined;
  return position as LogPosition;
}

/** Deleted buckets some of whose documents could not be removed yet. */
export function goneBuckets(position: CursorPosition): readonly number[] {
  return readPosition(position)?.gone ?? [];
}

/** The first time, and with another key of the operator's, everything is written anew. */
async function begin(
  { deps, options, actor }: Round,
  known: LogPosition | undefined,
  upTo: bigint,
): Promise<LogPosition> {
  const operatorKey = options.operatorKey?.keyId ?? null;
  if (known?.operatorKey === operatorKey) return known;
  await deps.metadata.requestManifests('all', actor);
  const fresh = { through: upTo.toString(), checkedAtMs: deps.clock.now(), gone: [] };
  return { ...(known ?? fresh), operatorKey };
}

async function writeRequested(round: Round): Promise<number> {
  const { deps, options, resting } = round;
  const now = deps.clock.now();
  const requests = await deps.metadata.requestedManifests(deps.limits.manifestRequests);
  let written = 0;
  for (const request of requests) {
    if ((resting.get(request.bucketId) ?? 0) > now) continue;
    const done = await attempt(round, request.bucketId, async (bucket) => {
      await round.buckets.rebase(bucket, options);
    });
    if (!done) continue;
    await deps.metadata.finishManifestRequest(request);
    written += 1;
  }
  return written;
}

/** @returns buckets that are gone */
async function writeChanges(
  round: Round,
  changes: readonly LoggedChange[],
  through: bigint,
): Promise<readonly number[]> {
  const gone: number[] = [];
  const touched = new Map<number, { readonly key: ObjectKey; readonly seq: bigint }[]>();
  for (const { bucketId, key, versionSeq: seq } of changes) {
    if (key === null) gone.push(bucketId);
    else {
      const places = touched.get(bucketId) ?? [];
      places.push({ key, seq });
      touched.set(bucketId, places);
    }
  }
  const now = round.deps.clock.now();
  for (const [bucketId, places] of touched) {
    // It failed a moment ago, so a new base was requested, which will have these changes.
    if ((round.resting.get(bucketId) ?? 0) > now) continue;
    const done = await attempt(round, bucketId, async (bucket) => {
      await round.buckets.append(bucket, { touched: places, through }, round.options);
    });
    // The log goes on without it; a new base makes up for what it missed.
    if (!done) await round.deps.metadata.requestManifests({ bucketId }, round.actor);
  }
  return gone;
}

/** Work on one bucket: false when it failed and has to wait. One that is gone is done. */
async function attempt(round: Round, bucketId: number, work: (bucket: Bucket) => Promise<void>): Promise<boolean> {
  const { deps, options, resting } = round;
  const bucket = await deps.metadata.bucketById(bucketId);
  if (bucket === undefined) return true;
  try {
    await work(bucket);
    resting.delete(bucketId);
    return true;
  } catch (error) {
    if (options.signal.aborted || isFault(error, 'DatabaseUnavailable')) throw error;
    noteFailure(round, bucketId, toFault(error));
    return false;
  }
}

function noteFailure({ deps, resting }: Round, bucketId: number, fault: Fault): void {
  deps.events.manifestFailed(bucketId, fault);
  resting.set(bucketId, deps.clock.now() + deps.limits.manifestRetryMs);
}

/**
 * Now and then, and when backends or policies have changed, all buckets: documents on backends where they may not lie any
 * more or that are being emptied, sweeps that are owed.
 */
async function checkAll(
  round: Round,
  position: LogPosition,
): Promise<Pick<LogPosition, 'checkedAtMs' | 'epoch' | 'noticed'>> {
  const { deps, options } = round;
  const now = deps.clock.now();
  const { checkedAtMs, noticed = null } = position;
  const epoch = String(await deps.metadata.placementEpoch());
  const changed = epoch !== position.epoch;
  if (changed && noticed?.epoch !== epoch) return { checkedAtMs, noticed: { epoch, atMs: now } };
  const settled = changed && noticed !== null && now >= noticed.atMs + deps.limits.reconcileSettleMs;
  if (!settled && now < checkedAtMs + deps.limits.manifestCheckMs) return { checkedAtMs };
  for (let after = 0; !options.signal.aborted; ) {
    const page = await deps.metadata.recoveryStatus(after, deps.limits.manifestRequests);
    for (const { bucketId, position: saved } of page) {
      after = bucketId;
      await attempt(round, bucketId, async (bucket) => {
        if (await round.buckets.isMisplaced(bucket, saved)) {
          await deps.metadata.requestManifests({ bucketId }, round.actor);
        }
        await round.buckets.sweepStale(bucket, options);
      });
    }
    if (page.length < deps.limits.manifestRequests) break;
  }
  return { checkedAtMs: now, epoch, noticed: null };
}

async function sweepGone(round: Round, gone: readonly number[]): Promise<readonly number[]> {
  const left: number[] = [];
  for (const bucketId of new Set(gone)) {
    const owed: readonly BackendId[] = await round.buckets.remove(bucketId, round.options);
    if (owed.length > 0) left.push(bucketId);
  }
  return left.slice(-round.deps.limits.manifestChanges);
}
