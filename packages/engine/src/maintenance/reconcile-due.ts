import { type BackendId, parseBlobId } from '@sealgate/core/names';
import type { AuditActor, Backend, Metadata, ReplicaChange, WalkedBlob } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { createJudge, type Judge, type JudgeDeps } from './judge.ts';
import { type BackendTally, countBlob, type DrainStart, type PlacementReport } from './placement-report.ts';
import {
  RECONCILE_CURSOR,
  type ReconcilePass,
  type ReconcilePosition,
  readReconcilePosition,
} from './reconcile-position.ts';

export interface ReconcileDeps extends JudgeDeps {
  readonly metadata: JudgeDeps['metadata'] &
    Pick<
      Metadata,
      | 'leaseCursor'
      | 'saveCursor'
      | 'databaseTime'
      | 'placementEpoch'
      | 'walkBlobs'
      | 'changeReplicas'
      | 'askForRepairs'
    >;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
}

export interface ReconcileOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From the end of one pass to the next when nothing asks for one sooner. */
  readonly intervalMs: number;
  /** How long a backend may be away before its copies are made good elsewhere. */
  readonly rehomeAfterMs: number;
  readonly signal: AbortSignal;
}

/**
 * One step of the reconciler: a page of blobs is compared with where they should be; what is not right is placed anew, and
 * repairs that should be waiting and are not are asked for. Level-triggered: a pass goes over all blobs, whatever was
 * heard of them; a change of facts, states, policies or locks only makes it begin sooner. The place is durable and leased
 * to one process. Every change is a compare-and-set, so a process that lost its lease without knowing does no harm.
 *
 * @returns 0 when there is nothing to do now
 * @throws Fault DatabaseUnavailable; the step is done again
 */
export async function reconcileDue(deps: ReconcileDeps, options: ReconcileOptions): Promise<number> {
  const { metadata, limits } = deps;
  const lease = await metadata.leaseCursor(RECONCILE_CURSOR, options.holder, limits.reconcileLeaseMs);
  if (lease === undefined) return 0;
  const [nowMs, epoch] = [await metadata.databaseTime(), String(await metadata.placementEpoch())];
  const before = beginWhenDue(readReconcilePosition(lease.position), {
    nowMs,
    epoch,
    settleMs: limits.reconcileSettleMs,
  });
  const next = before.pass === null ? before : await step({ deps, options, nowMs }, before, before.pass);
  const leaseMs = next.pass === null ? 0 : limits.reconcileLeaseMs;
  await metadata.saveCursor(RECONCILE_CURSOR, options.holder, { position: next, leaseMs });
  return before.pass === null ? 0 : 1;
}

/** A pass begins when its time has come, or when something has changed and everybody has had the time to hear of it. */
function beginWhenDue(
  position: ReconcilePosition,
  now: { readonly nowMs: number; readonly epoch: string; readonly settleMs: number },
): ReconcilePosition {
  const { nowMs, epoch } = now;
  if (position.pass !== null) return position;
  const begun = (by: string): ReconcilePass => ({
    startedMs: nowMs,
    epoch: by,
    after: null,
    blobs: 0,
    changed: 0,
    blocked: 0,
    backends: {},
  });
  if (nowMs >= position.nextMs && epoch === position.epoch) return { ...position, pass: begun(epoch), noticed: null };
  const { noticed } = position;
  if (noticed === null) return epoch === position.epoch ? position : { ...position, noticed: { epoch, atMs: nowMs } };
  // A pass goes by what everybody knows. What has changed since asks for the next one, and holds this one up no longer.
  if (nowMs - noticed.atMs < now.settleMs) return position;
  return { ...position, pass: begun(noticed.epoch), noticed: null };
}

interface Round {
  readonly deps: ReconcileDeps;
  readonly options: ReconcileOptions;
  readonly nowMs: number;
}

async function step(round: Round, position: ReconcilePosition, pass: ReconcilePass): Promise<ReconcilePosition> {
  const { deps, options, nowMs } = round;
  const { metadata, limits, events } = deps;
  const judge = await createJudge(deps, { nowMs, rehomeAfterMs: options.rehomeAfterMs });
  const after = pass.after === null ? null : parseBlobId(pass.after);
  const page = await metadata.walkBlobs(after, limits.reconcilePage);
  options.signal.throwIfAborted();
  const found = await judgePage(judge, pass, page);
  const actor: AuditActor = { kind: 'system', id: 'reconciler', requestId: `pass-${pass.startedMs}` };
  const changed = await placeAnew(deps, judge, { changes: found.changes, page, actor });
  const asked = await metadata.askForRepairs(found.owed);
  events.placementsWalked(page.length, { changed, asked });
  const last = page.at(-1);
  const walked: ReconcilePass = {
    ...pass,
    after: last?.blob.blobId ?? pass.after,
    blobs: pass.blobs + page.length,
    changed: pass.changed + changed,
    blocked: pass.blocked + found.blocked,
    backends: found.backends,
  };
  if (page.length >= limits.reconcilePage) return { ...position, pass: walked };
  const finishedMs = await metadata.databaseTime();
  return finish(round, position, { pass: walked, finishedMs, backends: judge.backends });
}

/** Places of a blob that may be barred at once; what is left then waits until they are free again. */
const BARRED_TRIES_MAX = 4;

/** Makes the changes. A place that is barred, because a copy left it a while ago, is done without. How many blobs. */
async function placeAnew(
  { metadata }: ReconcileDeps,
  judge: Judge,
  what: {
    readonly changes: readonly ReplicaChange[];
    readonly page: readonly WalkedBlob[];
    readonly actor: AuditActor;
  },
): Promise<number> {
  const avoided = new Map<string, Set<BackendId>>();
  let { changes } = what;
  let changed = 0;
  for (let tries = 0; tries < BARRED_TRIES_MAX && changes.length > 0; tries += 1) {
    const outcomes = await metadata.changeReplicas(changes, what.actor);
    changed += outcomes.filter((outcome) => outcome === 'done').length;
    const again: ReplicaChange[] = [];
    for (const { blobId, expected, next } of changes.filter((_, index) => outcomes[index] === 'barred')) {
      const walked = what.page.find(({ blob }) => blob.blobId === blobId);
      const avoid = avoided.get(blobId) ?? new Set<BackendId>();
      avoided.set(blobId, avoid);
      for (const [index, { backend, state }] of next.entries()) {
        if (state === 'missing' && expected[index]?.state !== 'missing') avoid.add(backend);
      }
      const verdict = walked && (await judge.judge(walked, { avoid }));
      if (verdict?.kind === 'change') again.push({ blobId, expected, next: verdict.replicas });
    }
    changes = again;
  }
  return changed;
}

async function judgePage(judge: Judge, pass: ReconcilePass, page: readonly WalkedBlob[]) {
  const backends: Record<string, BackendTally> = { ...pass.backends };
  const changes: ReplicaChange[] = [];
  const owed: WalkedBlob['blob']['blobId'][] = [];
  let blocked = 0;
  for (const walked of page) {
    const { blobId, replicas } = walked.blob;
    const verdict = await judge.judge(walked);
    countBlob(backends, walked, verdict);
    if (verdict?.kind === 'blocked') blocked += 1;
    if (verdict?.kind === 'change') changes.push({ blobId, expected: replicas, next: verdict.replicas });
    else if (verdict !== undefined && replicas.some(({ state }) => state === 'missing')) owed.push(blobId);
  }
  return { backends, changes, owed, blocked };
}

function finish(
  { deps, options }: Round,
  position: ReconcilePosition,
  end: { readonly pass: ReconcilePass; readonly finishedMs: number; readonly backends: readonly Backend[] },
): ReconcilePosition {
  const { pass, finishedMs } = end;
  const { startedMs, blobs, changed, blocked, backends } = pass;
  const last: PlacementReport = { startedMs, finishedMs, blobs, changed, blocked, backends };
  deps.events.placementsFinished(last);
  const drains = Object.fromEntries(
    end.backends.flatMap((backend) => {
      const start = drainStart(backend, position.drains[backend.id], last);
      return start === undefined ? [] : [[backend.id, start] as const];
    }),
  );
  const moving = changed > 0 || Object.values(backends).some(({ leaving, owed }) => leaving + owed > 0);
  // What is on its way is looked at again soon, but not so often that looking is all that is done.
  const soonMs = Math.max(deps.limits.reconcileSoonMs, finishedMs - startedMs);
  const waitMs = Math.min(options.intervalMs, moving ? soonMs : options.intervalMs, ...untilLost(end, options));
  return { ...position, pass: null, epoch: pass.epoch, nextMs: finishedMs + waitMs, last, drains };
}

/** Backends that are away will count as lost at a certain time: a pass is due then. */
function untilLost(
  { backends, finishedMs }: { readonly backends: readonly Backend[]; readonly finishedMs: number },
  { rehomeAfterMs }: ReconcileOptions,
): number[] {
  return backends
    .filter(({ state }) => state === 'unhealthy')
    .map(({ stateSinceMs }) => stateSinceMs + rehomeAfterMs - finishedMs)
    .filter((ms) => ms > 0);
}

function drainStart(
  { id, state, stateSinceMs }: Backend,
  known: DrainStart | undefined,
  report: PlacementReport,
): DrainStart | undefined {
  if (state !== 'draining') return undefined;
  if (known?.sinceMs === stateSinceMs) return known;
  const { replicas = 0, bytes = 0 } = report.backends[id] ?? {};
  return { sinceMs: stateSinceMs, atMs: report.startedMs, replicas, bytes };
}
