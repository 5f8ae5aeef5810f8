import type { BackendId, TenantId } from '@sealgate/core/names';
import type { ErasedCopies, Erasure, LockedVersion, MetadataErasures, ObjectVersion } from '@sealgate/core/ports';
import { compareKeys, fail, type MemoryState, nextNumber, type StoredBlob, type StoredBucket } from './state.ts';

export function createErasures(state: MemoryState): MetadataErasures {
  const bucketsOf = (tenantId: TenantId): StoredBucket[] =>
    [...state.buckets.values()]
      .filter(({ record }) => record.tenantId === tenantId)
      .sort((a, b) => a.record.id - b.record.id);
  const seen = (tenantId: TenantId) => state.erasures.get(tenantId) ?? fail('NotFound');

  return {
    async lockedVersions(tenantId, limit) {
      const locked = bucketsOf(tenantId).flatMap(({ record, keys, versions }) =>
        keys.flatMap((key) =>
          (versions.get(key) ?? []).flatMap(({ version }) => lockedVersion(state, record.name, version) ?? []),
        ),
      );
      const ends = locked.flatMap(({ retainUntilMs }) => retainUntilMs ?? []);
      return {
        versions: locked.slice(0, limit),
        total: locked.length,
        lastUntilMs: ends.length === 0 ? null : Math.max(...ends),
      };
    },

    async beginErasure({ tenantId, without, stored }) {
      const tenant = state.tenants.get(tenantId) ?? fail('NotFound');
      const known = state.erasures.get(tenantId);
      if (known !== undefined) {
        if (without.some((backend) => !known.without.includes(backend))) {
          known.without = [...new Set([...known.without, ...without])].sort();
        }
        return;
      }
      if (tenant.state !== 'suspended') fail('Conflict');
      state.tenants.set(tenantId, { ...tenant, state: 'deleting', email: null });
      takeAccess(state, tenantId);
      const active = bucketsOf(tenantId).filter(({ deleted }) => !deleted);
      state.erasures.set(tenantId, {
        state: 'removing',
        begunAtMs: state.clock.now(),
        removedAtMs: null,
        doneAtMs: null,
        entries: [nextNumber(state)],
        found: { ...stored, buckets: active.map(({ record: { id, name } }) => ({ id, name })) },
        without: without.toSorted(),
        confirmed: new Map(),
        bucketsRemoved: [],
        report: null,
        trouble: null,
      });
    },

    async erasure(tenantId) {
      const found = state.erasures.get(tenantId);
      if (found === undefined) return undefined;
      const buckets = bucketsOf(tenantId);
      const ids = new Set(buckets.map(({ record }) => record.id));
      const { confirmed, ...rest } = found;
      return {
        ...rest,
        tenantId,
        tenantName: state.tenants.get(tenantId)?.name ?? '',
        entries: [...rest.entries],
        confirmed: [...confirmed.values()].sort((a, b) => compareKeys(a.backend, b.backend)),
        waiting: waitingOf(state, ids),
        bucketsRemoved: [...rest.bucketsRemoved],
        bucketsLeft: leftOf(buckets),
      };
    },

    async erasuresUnderWay() {
      return [...state.erasures].flatMap(([id, erasure]) => (erasure.state === 'done' ? [] : [id as TenantId]));
    },

    async hurryDeletions(tenantId) {
      const ids = new Set(bucketsOf(tenantId).map(({ record }) => record.id));
      const now = state.clock.now();
      for (const [id, blob] of state.blobs) {
        if (ids.has(blob.bucketId) && blob.doomedAtMs !== null) state.blobs.set(id, { ...blob, doomedAtMs: now });
      }
    },

    async noteErasureTrouble(tenantId, trouble) {
      seen(tenantId).trouble = trouble;
    },

    async advanceErasure({ tenantId, to, excluded, report }) {
      const erasure = seen(tenantId);
      if (erasure.state !== (to === 'settling' ? 'removing' : 'settling')) return false;
      const buckets = bucketsOf(tenantId);
      if (buckets.some(({ deleted }) => !deleted)) return false;
      if (to === 'done' && leftOf(buckets).some(({ backend }) => !excluded.includes(backend))) return false;
      erasure.state = to;
      erasure.trouble = null;
      erasure.report = report;
      erasure.entries.push(nextNumber(state));
      if (to === 'settling') {
        erasure.removedAtMs = state.clock.now();
        takeAccess(state, tenantId);
        state.recovery.keys = state.recovery.keys.filter((key) => key.tenantId !== tenantId);
        for (const [id, { snapshot }] of state.snapshots)
          if (snapshot.tenantId === tenantId) state.snapshots.delete(id);
        for (const [id, job] of state.askedJobs) if (job.wanted.tenantId === tenantId) state.askedJobs.delete(id);
      } else {
        erasure.doneAtMs = state.clock.now();
        const tenant = state.tenants.get(tenantId) ?? fail('NotFound');
        state.tenants.set(tenantId, { ...tenant, state: 'deleted', displayName: tenant.name });
      }
      return true;
    },
  };
}

/** What makes calls for a tenant possible, and what it is told by. */
function takeAccess(state: MemoryState, tenantId: TenantId): void {
  for (const [id, { tenant }] of state.credentials) {
    if (tenant.id !== tenantId) continue;
    state.credentials.delete(id);
    state.origins.delete(id);
  }
  for (const [id, role] of state.roles) if (role.tenantId === tenantId) state.roles.delete(id);
  const { webhooks } = state.notifications;
  for (const [id, webhook] of webhooks) if (webhook.tenantId === tenantId) webhooks.delete(id);
}

function lockedVersion(
  state: MemoryState,
  bucket: LockedVersion['bucket'],
  { key, versionId, attributes: { retention, legalHold } }: ObjectVersion,
): LockedVersion | undefined {
  const kept = retention?.mode === 'COMPLIANCE' && retention.untilMs > state.clock.now();
  if (!kept && legalHold !== true) return undefined;
  return { bucket, key, versionId, retainUntilMs: kept ? retention.untilMs : null, legalHold: legalHold === true };
}

const bytesOf = ({ record: { bytes, layout } }: StoredBlob): number =>
  Math.ceil(bytes / (layout.kind === 'erasure' ? layout.k : 1));
/** Of a blob that was given up nothing is known. */
const isAttempt = ({ redundancyClass }: StoredBlob): boolean => redundancyClass === '';

function waitingOf(state: MemoryState, bucketIds: ReadonlySet<number>): ErasedCopies[] {
  const sums = new Map<BackendId, ErasedCopies>();
  const add = (backend: BackendId, more: { copies: number; attempts: number; bytes: number }): void => {
    const known = sums.get(backend) ?? { backend, copies: 0, attempts: 0, bytes: 0 };
    const copies = known.copies + more.copies;
    sums.set(backend, { backend, copies, attempts: known.attempts + more.attempts, bytes: known.bytes + more.bytes });
  };
  for (const blob of state.blobs.values()) {
    if (blob.doomedAtMs === null || !bucketIds.has(blob.bucketId)) continue;
    const given = isAttempt(blob);
    for (const { backend } of blob.record.replicas) {
      add(backend, { copies: given ? 0 : 1, attempts: given ? 1 : 0, bytes: bytesOf(blob) });
    }
  }
  for (const removal of state.removals.values()) {
    if (removal.state !== 'gone' && bucketIds.has(removal.bucketId)) {
      add(removal.backend, { copies: 0, attempts: 1, bytes: 0 });
    }
  }
  return [...sums.values()].sort((a, b) => compareKeys(a.backend, b.backend));
}

function leftOf(buckets: readonly StoredBucket[]): Erasure['bucketsLeft'] {
  const left = buckets.flatMap(({ physical }) => [...physical].map(([backend, name]) => ({ backend, name })));
  const once = new Map(left.map((place) => [`${place.backend} ${place.name}`, place]));
  return [...once].sort(([a], [b]) => compareKeys(a, b)).map(([, place]) => place);
}

/** Copies of a blob are confirmed gone: written down when its tenant is being deleted. */
export function noteErased(
  state: MemoryState,
  blob: StoredBlob,
  gone: readonly { readonly backend: BackendId }[],
): void {
  const tenantId = state.buckets.get(blob.bucketId)?.record.tenantId;
  const erasure = tenantId === undefined ? undefined : state.erasures.get(tenantId);
  if (erasure === undefined || erasure.state === 'done') return;
  const now = state.clock.now();
  const given = isAttempt(blob);
  for (const { backend } of gone) {
    const known = erasure.confirmed.get(backend) ?? { backend, copies: 0, attempts: 0, bytes: 0, firstMs: now };
    erasure.confirmed.set(backend, {
      ...known,
      copies: known.copies + (given ? 0 : 1),
      attempts: known.attempts + (given ? 1 : 0),
      bytes: known.bytes + bytesOf(blob),
      lastMs: now,
    });
  }
}

export function noteBucketErased(
  state: MemoryState,
  bucket: StoredBucket,
  removed: Erasure['bucketsRemoved'][number],
): void {
  const erasure = state.erasures.get(bucket.record.tenantId);
  if (erasure !== undefined && erasure.state !== 'done') erasure.bucketsRemoved.push(removed);
}
