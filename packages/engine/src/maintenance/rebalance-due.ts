import { Fault } from '@sealgate/core/faults';
import { type BackendId, parseBackendId, parseBlobId } from '@sealgate/core/names';
import type { AuditActor, CursorPosition, Metadata } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import { createJudge, type JudgeDeps } from './judge.ts';

const CURSOR = 'rebalance';

export interface RebalanceDeps extends JudgeDeps {
  readonly metadata: JudgeDeps['metadata'] &
    Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'readCursor' | 'databaseTime' | 'walkBlobs' | 'changeReplicas'>;
  readonly limits: EngineLimits;
}

/** A walk over all blobs that moves to one backend what would be placed there today. Times are the database's. */
export interface Rebalance {
  readonly form: 1;
  readonly backend: string;
  readonly startedMs: number;
  /** null: it is under way. */
  readonly finishedMs: number | null;
  /** The last blob that was looked at. */
  readonly after: string | null;
  readonly blobs: number;
  /** Blobs of which a replica is on its way to the backend, or there. */
  readonly moved: number;
}

/** The last one that was asked for. */
export async function readRebalance({ metadata }: Pick<RebalanceDeps, 'metadata'>): Promise<Rebalance | undefined> {
  return rebalanceOf(await metadata.readCursor(CURSOR));
}

function rebalanceOf(saved: CursorPosition): Rebalance | undefined {
  const known = typeof saved === 'object' && saved !== null && 'form' in saved && saved.form === 1;
  return known ? (saved as Rebalance) : undefined;
}

/** @throws Fault Conflict while another one is under way */
export async function beginRebalance(
  { metadata }: Pick<RebalanceDeps, 'metadata'>,
  backend: BackendId,
  holder: string,
): Promise<Rebalance> {
  const busy = new Fault(
    'Conflict',
    'A rebalance is under way. Wait for its end, or drain a backend to change its course.',
  );
  const lease = await metadata.leaseCursor(CURSOR, holder, 5000);
  if (lease === undefined) throw busy;
  const known = rebalanceOf(lease.position);
  if (known !== undefined && known.finishedMs === null) {
    await metadata.saveCursor(CURSOR, holder, { position: known, leaseMs: 0 });
    if (known.backend === backend) return known;
    throw busy;
  }
  const startedMs = await metadata.databaseTime();
  const begun: Rebalance = { form: 1, backend, startedMs, finishedMs: null, after: null, blobs: 0, moved: 0 };
  await metadata.saveCursor(CURSOR, holder, { position: begun, leaseMs: 0 });
  return begun;
}

/**
 * One step of a rebalance that somebody asked for: a page of blobs, of which so many are moved at most. The copies are
 * made by repair and the old ones removed like all others that leave. Ends by itself when its backend takes no writes
 * any more for good.
 *
 * @returns how many blobs were placed anew; 0 at the end, and when there is nothing to do now
 */
export async function rebalanceDue(
  deps: RebalanceDeps,
  options: { readonly holder: string; readonly signal: AbortSignal },
): Promise<number> {
  const { metadata, limits } = deps;
  const current = rebalanceOf(await metadata.readCursor(CURSOR));
  if (current === undefined || current.finishedMs !== null) return 0;
  const lease = await metadata.leaseCursor(CURSOR, options.holder, limits.reconcileLeaseMs);
  const known = rebalanceOf(lease?.position ?? null);
  if (known === undefined || known.finishedMs !== null) return 0;
  const nowMs = await metadata.databaseTime();
  const judge = await createJudge(deps, { nowMs, rehomeAfterMs: Number.POSITIVE_INFINITY });
  const target = judge.backends.find(({ id }) => id === known.backend);
  const page = await metadata.walkBlobs(known.after === null ? null : parseBlobId(known.after), limits.rebalancePage);
  const changes = [];
  for (const walked of page) {
    options.signal.throwIfAborted();
    const verdict = await judge.judge(walked, { towards: parseBackendId(known.backend) });
    const { blobId, replicas: expected } = walked.blob;
    if (verdict?.kind === 'change') changes.push({ blobId, expected, next: verdict.replicas });
  }
  const actor: AuditActor = { kind: 'system', id: 'rebalance', requestId: `run-${known.startedMs}` };
  const outcomes = changes.length === 0 ? [] : await metadata.changeReplicas(changes, actor);
  const moved = outcomes.filter((outcome) => outcome === 'done').length;
  const over = page.length < limits.rebalancePage || target === undefined || target.state === 'draining';
  const position: Rebalance = {
    ...known,
    after: page.at(-1)?.blob.blobId ?? known.after,
    blobs: known.blobs + page.length,
    moved: known.moved + moved,
    finishedMs: over || target.state === 'retired' ? nowMs : null,
  };
  await metadata.saveCursor(CURSOR, options.holder, { position, leaseMs: 0 });
  return moved;
}
