import { canonicalJson } from '@sealgate/core/audit';
import { erasureReport, reportDigest } from '@sealgate/core/evidence';
import { Fault, isFault } from '@sealgate/core/faults';
import type { BackendId, TenantId } from '@sealgate/core/names';
import type { AuditActor, Bucket, Erasure, Metadata, WalkedRecord } from '@sealgate/core/ports';
import { ERASED_AT_ONCE, ERASED_PAGE, ERASURE_LEASE_MS } from '../limits.ts';

export interface EraseOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** For how long a backup of the metadata is kept at most; null: nobody knows. */
  readonly backupsKeptMs: number | null;
  readonly signal: AbortSignal;
}

type ErasedBy =
  | 'abortUploadsOf'
  | 'advanceErasure'
  | 'databaseTime'
  | 'deleteBucket'
  | 'deleteObject'
  | 'erasure'
  | 'erasuresUnderWay'
  | 'hurryDeletions'
  | 'leaseCursor'
  | 'listBackends'
  | 'listBuckets'
  | 'lockedVersions'
  | 'noteErasureTrouble'
  | 'saveCursor'
  | 'walkVersions';

export interface EraseDeps {
  readonly metadata: Pick<Metadata, ErasedBy>;
}

const CURSOR = 'tenant-erasure';
const LOST = 'another process goes on with it';
const ACTOR: AuditActor = { kind: 'system', id: CURSOR, requestId: '' };

interface Round {
  readonly deps: EraseDeps;
  readonly options: EraseOptions;
  /** Backends that are not waited for, and why. */
  readonly excluded: ReadonlyMap<BackendId, string>;
  /** @throws Fault Conflict when another process took over */
  readonly keep: () => Promise<void>;
}

/**
 * One step of every tenant's deletion: versions, uploads and buckets go by the ways that clients' deletions go, so their bytes
 * go through the deletion queue and the sweep. Whatever is done twice does no harm.
 *
 * @returns how many tenants came further; 0 when there is nothing to do, or another process does it
 */
export async function eraseTenants(deps: EraseDeps, options: EraseOptions): Promise<number> {
  const { metadata } = deps;
  const tenants = await metadata.erasuresUnderWay();
  if (tenants.length === 0) return 0;
  const lease = await metadata.leaseCursor(CURSOR, options.holder, ERASURE_LEASE_MS);
  if (lease === undefined) return 0;
  const save = (leaseMs: number): Promise<boolean> =>
    metadata.saveCursor(CURSOR, options.holder, { position: {}, leaseMs });
  const keep = async (): Promise<void> => {
    options.signal.throwIfAborted();
    if (!(await save(ERASURE_LEASE_MS))) throw new Fault('Conflict', LOST);
  };
  const retired = (await metadata.listBackends()).filter(({ state }) => state === 'retired');
  let further = 0;
  try {
    for (const tenantId of tenants) {
      const erasure = await metadata.erasure(tenantId);
      if (erasure === undefined) continue;
      const excluded = new Map([
        ...erasure.without.map((id) => [id, 'an operator decided not to wait for it'] as const),
        ...retired.map(({ id }) => [id, 'the backend is retired'] as const),
      ]);
      if (await step({ deps, options, excluded, keep }, erasure)) further += 1;
    }
  } catch (error) {
    if (!isFault(error, 'Conflict') || error.message !== LOST) throw error;
    return 0;
  }
  await save(0);
  return further;
}

async function step(round: Round, erasure: Erasure): Promise<boolean> {
  const { metadata } = round.deps;
  const { tenantId } = erasure;
  if (erasure.state === 'removing') {
    // Once for what came: doing it again and again would take no heed of who is at it.
    if (await removeBuckets(round, tenantId)) await metadata.hurryDeletions(tenantId);
    const locked = await metadata.lockedVersions(tenantId, 1);
    await metadata.noteErasureTrouble(tenantId, locked.total === 0 ? null : lockTrouble(locked));
  }
  const fresh = await metadata.erasure(tenantId);
  if (fresh === undefined) return false;
  const awaited = fresh.state === 'removing' ? fresh.waiting : fresh.bucketsLeft;
  if (awaited.some(({ backend }) => !round.excluded.has(backend))) return false;
  return await advance(round, fresh);
}

async function advance({ deps, options, excluded }: Round, erasure: Erasure): Promise<boolean> {
  const to = erasure.state === 'removing' ? 'settling' : 'done';
  const nowMs = await deps.metadata.databaseTime();
  const { backupsKeptMs } = options;
  const backupsUntilMs = backupsKeptMs === null ? null : (erasure.removedAtMs ?? nowMs) + backupsKeptMs;
  const report = canonicalJson(erasureReport(erasure, { state: to, nowMs, excluded, backupsUntilMs }));
  const detail = { tenant: erasure.tenantId, name: erasure.tenantName, sha256: reportDigest(report) };
  const { tenantId } = erasure;
  return await deps.metadata.advanceErasure({ tenantId, to, excluded: [...excluded.keys()], report, detail }, ACTOR);
}

/** @returns whether there were any */
async function removeBuckets(round: Round, tenantId: TenantId): Promise<boolean> {
  let found = false;
  for (let after = ''; ; ) {
    const page = await round.deps.metadata.listBuckets(tenantId, { prefix: '', after, limit: ERASED_PAGE });
    for (const bucket of page.buckets) {
      after = bucket.name;
      found = true;
      await removeBucket(round, bucket);
    }
    if (!page.truncated) return found;
  }
}

async function removeBucket(round: Round, bucket: Bucket): Promise<void> {
  const { metadata } = round.deps;
  await metadata.abortUploadsOf(bucket.id, bucket.name, ACTOR);
  for (let after: { key: WalkedRecord['key']; seq: bigint } | null = null; ; ) {
    await round.keep();
    const page: Awaited<ReturnType<Metadata['walkVersions']>> = await metadata.walkVersions({
      bucketId: bucket.id,
      prefix: '',
      after,
      limit: ERASED_PAGE,
    });
    await removeVersions(round, bucket.id, page.versions);
    const last = page.versions.at(-1);
    if (!page.more || last === undefined) break;
    after = { key: last.key, seq: last.seq };
  }
  try {
    await metadata.deleteBucket(bucket.id, ACTOR);
  } catch (error) {
    // What is locked is left, or a write came in that was under way: the next step sees.
    if (!isFault(error, 'BucketNotEmpty') && !isFault(error, 'NoSuchBucket')) throw error;
  }
}

async function removeVersions(round: Round, bucketId: number, versions: readonly WalkedRecord[]): Promise<void> {
  const waiting = [...versions];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      round.options.signal.throwIfAborted();
      try {
        await round.deps.metadata.deleteObject({
          bucketId,
          key: next.key,
          versionId: next.versionId,
          preconditions: {},
          bypassGovernance: true,
          actor: ACTOR,
        });
      } catch (error) {
        if (!isFault(error, 'AccessDenied')) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: ERASED_AT_ONCE }, lane));
}

function lockTrouble({ total, lastUntilMs }: Awaited<ReturnType<Metadata['lockedVersions']>>): string {
  const until = lastUntilMs === null ? 'a legal hold is lifted' : new Date(lastUntilMs).toISOString();
  return `Object lock keeps ${total} versions, until ${until}.`;
}
