import { REPLICAS_MAX } from '@sealgate/core/limits';
import type { BackendId, BlobId } from '@sealgate/core/names';
import type { Job, JobKind, JobState, JobStats, MetadataJobs, NewJob, ReplicaState } from '@sealgate/core/ports';
import { enqueueBlobJob, enqueueRepair, placeKey, wantedBlob } from './blobs.ts';
import { fail, type MemoryState, nextNumber, type RepairJob, type StoredJob } from './state.ts';
import { urgency } from './urgency.ts';

type Jobs = Omit<
  MetadataJobs,
  'leaseRepairs' | 'renewLeases' | 'endLease' | 'leasedBlob' | 'markLeased' | 'settleLeases'
>;

export function createJobs(state: MemoryState): Jobs {
  const require = (id: string): StoredJob => state.askedJobs.get(id) ?? fail('NotFound');
  const records = (): Job[] => {
    const asked = [...state.askedJobs.values()].map((job) => askedRecord(state, job));
    const repairs = [...state.jobs.values(), ...state.deadRepairs.values()].filter((job) => job.kind === 'repair');
    const all = [...asked, ...repairs.map((job) => repairRecord(state, job))];
    return all.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1));
  };

  return {
    createJob: async (job) => createJob(state, job),
    job: async (id) => records().find((job) => job.id === id),
    async listJobs({ state: wantedState, kind, tenantId, bucketId, cursor, limit }) {
      const tenant = tenantId === null ? null : [...state.tenants.values()].find(({ id }) => id === tenantId)?.name;
      const bucket = bucketId === null ? null : state.buckets.get(bucketId)?.record;
      const fits = records().filter(
        (job) =>
          (wantedState === null || job.state === wantedState) &&
          (kind === null || job.kind === kind) &&
          (tenant === null || job.tenant === tenant) &&
          (bucket === null || (job.bucket === bucket?.name && job.tenant === bucket.tenantName)),
      );
      const rest = cursor === null ? fits : fits.slice(fits.findIndex(({ id }) => id === cursor) + 1);
      const items = rest.slice(0, limit);
      return { items, next: rest.length > items.length ? (items.at(-1)?.id ?? null) : null };
    },
    async cancelJob(id) {
      const job = require(id);
      if (job.state !== 'waiting') fail('Conflict');
      for (const blobId of job.blobs) takeBack(state, job, blobId);
      end(state, job, 'cancelled', job.lastError);
    },
    async retryJob(id, blobs) {
      const job = require(id);
      if (job.state !== 'failed' && job.state !== 'cancelled') fail('Conflict');
      checkCopies(state, blobs, { targets: job.wanted.targets, source: null });
      for (const [jobId, dead] of state.deadRepairs) if (blobs.includes(dead.blobId)) state.deadRepairs.delete(jobId);
      const added = owe(state, blobs, job.wanted);
      job.added = sorted(new Set([...job.added, ...added]));
      Object.assign(job, { state: 'waiting', blobs, lastError: null, endedAtMs: null, updatedAtMs: state.clock.now() });
      settleJobs(state, blobs[0]);
    },
    async redriveRepairs({ id, limit }) {
      const dead = [...state.deadRepairs.values()].filter(
        (job) => job.kind === 'repair' && (id ?? job.jobId) === job.jobId,
      );
      for (const { jobId, blobId } of dead.slice(0, limit)) {
        state.deadRepairs.delete(jobId);
        if (state.blobs.has(blobId)) enqueueRepair(state, blobId);
      }
      return Math.min(limit, dead.length);
    },
    settleJobs: async (limit) => settleJobs(state, undefined, limit),
    async purgeJobs(keptMs, limit) {
      const until = state.clock.now() - keptMs;
      const old = [...state.askedJobs.values()].filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs < until);
      for (const { id } of old.slice(0, limit)) state.askedJobs.delete(id);
      return Math.min(old.length, limit);
    },
    jobStats: async () => (['repair', 'replicate'] as const).map((kind) => statsOf(state, kind)),
  };
}

/** Makes a job, in one step. */
export function createJob(state: MemoryState, job: NewJob): { readonly id: string; readonly created: boolean } {
  const targets = sorted(job.targets);
  const known = repeated(state, { ...job, targets });
  if (known !== undefined) return { id: known, created: false };
  checkCopies(state, job.blobs, { targets, source: job.source });
  const now = state.clock.now();
  const id = `00000000-0000-4000-9000-${nextNumber(state).toString(16).padStart(12, '0')}`;
  const added = owe(state, job.blobs, { targets, priority: job.priority });
  const times = { createdAtMs: now, updatedAtMs: now, endedAtMs: null };
  const fresh = { attempts: 0, lastError: null, state: 'waiting' as const, ...times };
  state.askedJobs.set(id, { id, wanted: { ...job, targets }, blobs: job.blobs, added, ...fresh });
  settleJobs(state, job.blobs[0]);
  return { id, created: true };
}

/** The job that the same request made before. */
function repeated(state: MemoryState, job: NewJob): string | undefined {
  const same = (other: StoredJob): boolean =>
    other.wanted.bucketId === job.bucketId && String(other.wanted.targets) === String(job.targets);
  for (const other of state.askedJobs.values()) {
    if (job.clientToken === null || other.wanted.tenantId !== job.tenantId) continue;
    if (other.wanted.clientToken !== job.clientToken) continue;
    return same(other) && other.wanted.key === job.key ? other.id : fail('Conflict');
  }
  for (const other of state.askedJobs.values()) {
    if (other.state === 'waiting' && other.wanted.seq === job.seq && same(other)) return other.id;
  }
  return undefined;
}

function checkCopies(
  state: MemoryState,
  blobs: readonly BlobId[],
  { targets, source }: { readonly targets: readonly BackendId[]; readonly source: BackendId | null },
): void {
  for (const blobId of blobs) {
    const blob = wantedBlob(state, blobId)?.record ?? fail('NoSuchVersion');
    if (blob.layout.kind === 'erasure') fail('InvalidRequest');
    for (const backend of targets) {
      const leaving = blob.replicas.some((r) => r.backend === backend && r.state === 'leaving');
      if (leaving || state.removals.has(placeKey({ blobId, backend, shard: 0 }))) fail('Conflict');
    }
    if (source !== null && !has(state, blobId, source)) fail('InvalidRequest');
    if (blob.replicas.length + targets.length > REPLICAS_MAX) fail('InvalidRequest');
  }
}

/** The targets that held nothing of any of the blobs. */
function owe(
  state: MemoryState,
  blobs: readonly BlobId[],
  { targets, priority }: { readonly targets: readonly BackendId[]; readonly priority: number },
): readonly BackendId[] {
  const known = new Set<BackendId>();
  for (const blobId of blobs) {
    const blob = wantedBlob(state, blobId) ?? fail('NoSuchVersion');
    const fresh = targets.filter((target) => !blob.record.replicas.some(({ backend }) => backend === target));
    for (const target of targets) if (!fresh.includes(target)) known.add(target);
    const owed = fresh.map((backend) => ({ backend, shard: 0, state: 'missing' as const }));
    state.blobs.set(blobId, { ...blob, record: { ...blob.record, replicas: [...blob.record.replicas, ...owed] } });
    const complete = targets.every((target) => has(state, blobId, target));
    if (!complete) enqueueBlobJob(state, { blobId, kind: 'replicate', priority });
  }
  return targets.filter((target) => !known.has(target));
}

function stateAt(state: MemoryState, blobId: BlobId, backend: BackendId): ReplicaState | undefined {
  const replicas = wantedBlob(state, blobId)?.record.replicas ?? [];
  return replicas.find((r) => r.backend === backend && r.shard === 0)?.state;
}

function has(state: MemoryState, blobId: BlobId, backend: BackendId): boolean {
  return stateAt(state, blobId, backend) === 'stored';
}

function takeBack(state: MemoryState, job: StoredJob, blobId: BlobId): void {
  const blob = state.blobs.get(blobId);
  if (blob === undefined) return;
  const others = [...state.askedJobs.values()].filter(
    (o) => o !== job && o.state === 'waiting' && o.blobs.includes(blobId),
  );
  const mine = job.added.filter((target) => !others.some(({ wanted }) => wanted.targets.includes(target)));
  const replicas = blob.record.replicas.filter(
    (r) => r.state !== 'missing' || r.shard !== 0 || !mine.includes(r.backend),
  );
  state.blobs.set(blobId, { ...blob, record: { ...blob.record, replicas } });
}

function end(state: MemoryState, job: StoredJob, to: 'done' | 'failed' | 'cancelled', lastError: string | null): void {
  const now = state.clock.now();
  Object.assign(job, { state: to, lastError, updatedAtMs: now, endedAtMs: now });
}

/** Ends what is over among the waiting jobs; of one blob, or of all. */
export function settleJobs(state: MemoryState, of?: BlobId, limit = Number.POSITIVE_INFINITY): number {
  const waiting = [...state.askedJobs.values()]
    .filter((job) => job.state === 'waiting' && (of === undefined || job.blobs.includes(of)))
    .sort((a, b) => a.updatedAtMs - b.updatedAtMs)
    .slice(0, limit);
  return waiting.filter((job) => settle(state, job)).length;
}

function settle(state: MemoryState, job: StoredJob): boolean {
  const { targets, priority } = job.wanted;
  if (job.blobs.some((blobId) => wantedBlob(state, blobId) === undefined)) {
    end(state, job, 'failed', 'NoSuchVersion');
    return true;
  }
  const open = job.blobs.filter((blobId) => !targets.every((target) => has(state, blobId, target)));
  for (const blobId of open) {
    if (targets.some((target) => (stateAt(state, blobId, target) ?? 'leaving') === 'leaving')) {
      end(state, job, 'failed', 'NoLegalPlacement');
      return true;
    }
    if ([...state.jobs.values()].some((repair) => repair.blobId === blobId)) continue;
    const dead = [...state.deadRepairs.values()].find((repair) => repair.blobId === blobId);
    if (dead !== undefined) {
      end(state, job, 'failed', dead.lastError);
      return true;
    }
    enqueueBlobJob(state, { blobId, kind: 'replicate', priority });
  }
  if (open.length === 0) end(state, job, 'done', null);
  else job.updatedAtMs = state.clock.now();
  return open.length === 0;
}

function sorted(targets: Iterable<BackendId>): readonly BackendId[] {
  return [...targets].sort();
}

function leaseHolder(state: MemoryState, job: RepairJob | undefined): string | null {
  return job?.lease != null && job.startAtMs > state.clock.now() ? job.lease.worker.name : null;
}

function askedRecord(state: MemoryState, job: StoredJob): Job {
  const { wanted } = job;
  const works = [...state.jobs.values()].filter((repair) => job.blobs.includes(repair.blobId));
  const holder = works.map((repair) => leaseHolder(state, repair)).find((name) => name !== null) ?? null;
  const bucket = state.buckets.get(wanted.bucketId)?.record;
  return {
    id: job.id,
    kind: 'replicate',
    state: job.state === 'waiting' && holder !== null ? 'active' : job.state,
    tenant: bucket?.tenantName ?? null,
    bucket: bucket?.name ?? null,
    key: wanted.key,
    versionId: wanted.versionId,
    blobId: null,
    source: wanted.source,
    targets: wanted.targets.map((backend) => ({
      backend,
      stored: job.blobs.filter((blobId) => has(state, blobId, backend)).length,
    })),
    blobs: job.blobs.length,
    policyClass: wanted.policyClass,
    encryptionRequired: wanted.encryptionRequired,
    priority: wanted.priority,
    attempts: job.attempts,
    lastError: job.lastError,
    holder: job.state === 'waiting' ? holder : null,
    createdAtMs: job.createdAtMs,
    updatedAtMs: job.updatedAtMs,
    endedAtMs: job.endedAtMs,
  };
}

function repairRecord(state: MemoryState, job: RepairJob): Job {
  const blob = state.blobs.get(job.blobId);
  const bucket = blob && state.buckets.get(blob.bucketId)?.record;
  const owed = blob?.record.replicas.filter((replica) => replica.state !== 'stored') ?? [];
  const dead = state.deadRepairs.has(job.jobId);
  const shown: JobState = dead ? 'failed' : job.state;
  return {
    id: job.jobId,
    kind: 'repair',
    state: shown,
    tenant: bucket?.tenantName ?? null,
    bucket: bucket?.name ?? null,
    key: null,
    versionId: null,
    blobId: job.blobId,
    source: null,
    targets: owed.map(({ backend }) => ({ backend, stored: 0 })),
    blobs: 1,
    policyClass: blob?.redundancyClass ?? null,
    encryptionRequired: false,
    priority: urgency(state, job),
    attempts: job.attempts + (job.state === 'active' ? 1 : 0),
    lastError: job.lastError,
    holder: leaseHolder(state, job),
    createdAtMs: job.createdAtMs,
    updatedAtMs: job.createdAtMs,
    endedAtMs: null,
  };
}

function statsOf(state: MemoryState, kind: JobKind): JobStats {
  const jobs = [...state.jobs.values()].filter((job) => job.kind === kind);
  const dead = [...state.deadRepairs.values()].filter((job) => job.kind === kind);
  const oldest = Math.min(...jobs.map(({ createdAtMs }) => createdAtMs));
  return {
    kind,
    waiting: jobs.filter((job) => job.state === 'waiting').length,
    active: jobs.filter((job) => job.state === 'active').length,
    dead: dead.length,
    oldestMs: jobs.length === 0 ? 0 : state.clock.now() - oldest,
  };
}
