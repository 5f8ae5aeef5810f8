import { Fault } from '@sealgate/core/faults';
import { parseBlobId } from '@sealgate/core/names';
import type { Metadata, PendingRepair, ReplicaRecord, WalkedBlob } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { BackgroundShare } from './background-share.ts';
import { type ExamineDeps, examineReplica } from './examine-replica.ts';
import type { Pacer } from './pacer.ts';
import {
  countCondition,
  readScrubPosition,
  SCRUB_CURSOR,
  type ScrubPosition,
  type ScrubTally,
} from './scrub-report.ts';

export interface ScrubDeps extends ExamineDeps {
  readonly metadata: Pick<
    Metadata,
    | 'leaseCursor'
    | 'saveCursor'
    | 'databaseTime'
    | 'walkBlobs'
    | 'blobsForRepair'
    | 'blobForRepair'
    | 'reportBadReplica'
  >;
  readonly events: EngineEvents;
  readonly pacer: Pacer;
  readonly share: Pick<BackgroundShare, 'admit'>;
}

export interface ScrubOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From the beginning of one pass to that of the next. */
  readonly intervalMs: number;
  /** What all reading of the scrub together keeps to. */
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
}

type Pass = NonNullable<ScrubPosition['pass']>;

/**
 * One step of the scrub: of a page of blobs every stored replica is read in full and compared with what was written. One
 * that is missing, cut short or altered turns `missing`, with a repair job. The place is durable and leased to one process.
 *
 * @returns 0 when there is nothing to do now
 * @throws Fault DatabaseUnavailable; the step is done again
 */
export async function scrubDue(deps: ScrubDeps, options: ScrubOptions): Promise<number> {
  const { metadata, limits } = deps;
  const lease = await metadata.leaseCursor(SCRUB_CURSOR, options.holder, limits.scrubLeaseMs);
  if (lease === undefined) return 0;
  const nowMs = await metadata.databaseTime();
  const position = readScrubPosition(lease.position);
  const fresh: Pass = { startedMs: nowMs, finishedMs: null, blobs: 0, backends: {}, after: null };
  const pass = position.pass ?? (nowMs >= position.nextMs ? fresh : null);
  if (pass === null) {
    await metadata.saveCursor(SCRUB_CURSOR, options.holder, { position, leaseMs: 0 });
    return 0;
  }
  const next = await step(deps, options, { ...position, pass }, pass);
  const leaseMs = next.pass === null ? 0 : limits.scrubLeaseMs;
  await metadata.saveCursor(SCRUB_CURSOR, options.holder, { position: next, leaseMs });
  return 1;
}

async function step(
  deps: ScrubDeps,
  options: ScrubOptions,
  position: ScrubPosition,
  pass: Pass,
): Promise<ScrubPosition> {
  const { metadata, limits, events } = deps;
  const page = await metadata.walkBlobs(pass.after === null ? null : parseBlobId(pass.after), limits.scrubPage);
  const blobs = await metadata.blobsForRepair(wantedOf(page));
  const backends: Record<string, ScrubTally> = { ...pass.backends };
  const waiting = blobs.flatMap((pending) =>
    pending.blob.replicas.filter(({ state }) => state === 'stored').map((replica) => ({ pending, replica })),
  );
  const keepLease = leaseKeeper(deps, options, position);
  const lane = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      options.signal.throwIfAborted();
      const one = { ...each, keepLease };
      const found = await deps.share.admit([each.replica.backend], options.signal, () =>
        scrubReplica(deps, options, one),
      );
      countCondition(backends, each.replica.backend, found);
      events.scrubbed(each.replica.backend, found.condition, found.bytes);
    }
  };
  await Promise.all(Array.from({ length: limits.scrubConcurrency }, lane));
  const walked = { ...pass, blobs: pass.blobs + page.length, backends, after: page.at(-1)?.blob.blobId ?? pass.after };
  if (page.length >= limits.scrubPage) return { ...position, pass: walked };
  const finishedMs = await metadata.databaseTime();
  const { after: _place, ...report } = { ...walked, finishedMs };
  events.scrubFinished(report);
  const nextMs = Math.max(pass.startedMs + options.intervalMs, finishedMs + limits.scrubRestMs);
  return { ...position, pass: null, nextMs, last: report };
}

function wantedOf(page: readonly WalkedBlob[]) {
  return page.filter(({ doomed }) => !doomed).map(({ blob }) => blob.blobId);
}

/** What is read slowly must not look like a process that died. */
function leaseKeeper({ metadata, clock, limits }: ScrubDeps, { holder }: ScrubOptions, position: ScrubPosition) {
  let leasedMs = clock.monotonic();
  return async (): Promise<void> => {
    if (clock.monotonic() - leasedMs < limits.scrubLeaseMs / 2) return;
    leasedMs = clock.monotonic();
    const kept = await metadata.saveCursor(SCRUB_CURSOR, holder, { position, leaseMs: limits.scrubLeaseMs });
    if (!kept) throw new Fault('OperationAborted', 'Another process goes on with this work.');
  };
}

async function scrubReplica(
  deps: ScrubDeps,
  options: ScrubOptions,
  one: { readonly pending: PendingRepair; readonly replica: ReplicaRecord; readonly keepLease: () => Promise<void> },
) {
  const { metadata, pacer, events } = deps;
  const { blob, bucketId, redundancyClass } = one.pending;
  const { backend, shard } = one.replica;
  let bytes = 0;
  const condition = await examineReplica(deps, blob, {
    bucketId,
    replica: one.replica,
    redundancyClass,
    signal: options.signal,
    async onBytes(count) {
      bytes += count;
      await one.keepLease();
      await pacer.spend(count, options.bytesPerSecond, options.signal);
    },
  });
  if (condition === 'good' || condition === 'unread') return { condition, bytes };
  // It may have been removed, or told to leave, while it was read.
  const now = (await metadata.blobForRepair(blob.blobId))?.blob.replicas;
  const still = now?.some((r) => r.backend === backend && r.shard === shard && r.state === 'stored') === true;
  if (!still) return { condition: 'unread' as const, bytes };
  const code = condition === 'missing' ? 'BlobMissing' : 'BackendCorrupt';
  deps.pool.report(backend, { kind: 'failed', code });
  events.badReplica(blob.blobId, backend, new Fault(code, `The scrub found a replica ${condition}.`));
  deps.physical.doubt(bucketId, backend);
  await metadata.reportBadReplica(blob.blobId, backend, shard);
  return { condition, bytes };
}
