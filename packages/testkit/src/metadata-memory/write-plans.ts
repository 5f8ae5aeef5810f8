import { REPLICAS_MAX } from '@sealgate/core/limits';
import type { BlobId } from '@sealgate/core/names';
import type { CommitVersion, MetadataWritePlans, PlannedJob, WritePlanRecord } from '@sealgate/core/ports';
import { blobTime, giveUp } from './blobs.ts';
import { createJob } from './jobs.ts';
import { commitVersion } from './objects.ts';
import { activeBucket, fail, type MemoryState } from './state.ts';

export function createWritePlans(state: MemoryState): MetadataWritePlans {
  const endOf = (blobId: BlobId): number => blobTime(blobId) + state.attemptAgeMaxMs * 0.75;
  const live = (bucketId: number, blobId: BlobId): WritePlanRecord | undefined => {
    const plan = state.writePlans.get(blobId);
    return plan?.bucketId === bucketId && plan.expiresAtMs > state.clock.now() ? plan : undefined;
  };
  return {
    async createWritePlan({ lifetimeMs, openMax, ...plan }) {
      activeBucket(state, plan.bucketId);
      const open = [...state.writePlans.values()].filter((p) => p.bucketId === plan.bucketId && p.committed === null);
      if (open.length >= openMax) fail('QuotaExceeded');
      const expiresAtMs = Math.min(state.clock.now() + lifetimeMs, endOf(plan.blobId));
      state.writePlans.set(plan.blobId, { ...plan, expiresAtMs, committed: null });
      return { expiresAtMs };
    },
    async holdWritePlan(bucketId, blobId, holdMs) {
      const plan = live(bucketId, blobId);
      if (plan === undefined) return undefined;
      const until = Math.min(state.clock.now() + holdMs, endOf(blobId));
      const held = { ...plan, expiresAtMs: Math.max(plan.expiresAtMs, until) };
      state.writePlans.set(blobId, held);
      return held;
    },
    async commitPlanned(version, job) {
      const plan = live(version.bucketId, version.blobId);
      if (plan?.key !== version.key) fail('Conflict');
      if (plan.committed !== null) return plan.committed;
      if (job !== null) checkJob(version, job);
      const committed = commitVersion(state, version);
      const jobId = job === null ? null : replicate(state, version, { ...job, ...committed });
      const answer = { ...committed, jobId };
      state.writePlans.set(version.blobId, { ...plan, committed: answer });
      return answer;
    },
    async endWritePlan(bucketId, blobId) {
      const plan = live(bucketId, blobId);
      if (plan?.committed !== null) return false;
      state.writePlans.set(blobId, { ...plan, expiresAtMs: state.clock.now() });
      return true;
    },
    async expireWritePlans(limit) {
      const now = state.clock.now();
      const over = [...state.writePlans.values()].filter((plan) => plan.expiresAtMs <= now).slice(0, limit);
      for (const { blobId, bucketId, backends, committed } of over) {
        state.writePlans.delete(blobId);
        if (committed !== null || state.blobs.has(blobId)) continue;
        const replicas = backends.map((backend) => ({ backend, shard: 0 }));
        const graceMs = state.buckets.get(bucketId)?.deleted === false ? state.deletionGraceMs : 0;
        giveUp(state, { blobId, bucketId, replicas, dueAtMs: now + graceMs });
      }
      return over.length;
    },
  };
}

/** What would refuse the job, before anything is changed. */
function checkJob({ layout, replicas }: CommitVersion, { targets }: PlannedJob): void {
  if (layout.kind !== 'copies' || replicas.length + targets.length > REPLICAS_MAX) fail('InvalidRequest');
}

function replicate(
  state: MemoryState,
  { bucketId, key, blobId, redundancyClass }: CommitVersion,
  job: PlannedJob & Pick<Parameters<typeof createJob>[1], 'seq' | 'versionId'>,
): string {
  const { tenantId, targets, encryptionRequired, priority, seq, versionId } = job;
  const wanted = { tenantId, targets, encryptionRequired, priority, seq, versionId, bucketId, key };
  const rest = { blobs: [blobId], source: null, policyClass: redundancyClass, clientToken: null };
  return createJob(state, { ...wanted, ...rest }).id;
}
