import { randomUUID } from 'node:crypto';
import { REPLICAS_MAX } from '@sealgate/core/limits';
import { type BlobId, encodeVersionId, type ObjectKey } from '@sealgate/core/names';
import type { CommitVersion, MetadataWritePlans, PlannedJob, WritePlanRecord } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import { packReplicas, unpackReplicas } from '../codec/replicas.ts';
import { accepted, type Context } from '../context.ts';
import { commitColumns, committedOf } from '../objects/commit.ts';
import type { CommittedRow } from '../objects/group-commit.ts';

interface PlanRow {
  readonly blob_id: BlobId;
  readonly bucket_id: number;
  readonly expires_at: number;
  readonly committed_at: number | null;
  readonly committed_seq: bigint | null;
  readonly job_id: string | null;
  readonly bytes: bigint;
  readonly class: number;
  readonly is_null: boolean | null;
  readonly versioned: boolean | null;
  readonly key: ObjectKey;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly md5: Buffer | null;
  readonly sha256: Buffer | null;
  readonly replicas: Buffer;
}

export function createWritePlans(context: Context): MetadataWritePlans {
  const { database, backends, waits } = context;
  return {
    async createWritePlan(plan, actor) {
      const replicas = plan.backends.map((backend) => ({ backend, shard: 0, state: 'pending' as const }));
      const rows = await database.write<{ outcome: string; expires_at: number }>('create-write-plan', [
        plan.bucketId,
        plan.key,
        plan.blobId,
        plan.bytes,
        await context.terms.idOf('class', plan.redundancyClass),
        plan.tags === null ? null : JSON.stringify(plan.tags),
        plan.md5,
        plan.sha256,
        await packReplicas(replicas, backends),
        plan.lifetimeMs,
        waits.attemptAgeMaxMs,
        plan.openMax,
        ...(await context.actor(actor)),
      ]);
      return { expiresAtMs: accepted(rows).expires_at };
    },

    async holdWritePlan(bucketId, blobId, holdMs) {
      const values = [bucketId, blobId, holdMs, waits.attemptAgeMaxMs];
      const [row] = await database.write<PlanRow>('hold-write-plan', values);
      return row === undefined ? undefined : await planOf(row, context);
    },

    async commitPlanned(version, job) {
      const rows = await database.write<CommittedRow & { readonly job_id: string | null }>('commit-planned', [
        ...(await commitColumns(context, version)),
        ...(await jobColumns(context, version, job)),
      ]);
      const row = accepted(rows);
      return { ...committedOf(row, version.blobId), jobId: row.job_id };
    },

    async endWritePlan(bucketId, blobId, actor) {
      const values = [bucketId, blobId, ...(await context.actor(actor))];
      const [row] = await database.write<{ ended: boolean }>('end-write-plan', values);
      return row?.ended === true;
    },

    async expireWritePlans(limit) {
      const [actor, requestId] = await context.actor(SYSTEM_ACTOR);
      const values = [limit, waits.deletionGraceMs, actor, requestId];
      const [row] = await database.write<{ expired: number }>('expire-write-plans', values);
      return row?.expired ?? 0;
    },
  };
}

async function jobColumns({ backends }: Context, version: CommitVersion, job: PlannedJob | null) {
  if (job === null) return [null, null, null, REPLICAS_MAX];
  const { targets, ...rest } = job;
  const numbers = await Promise.all(targets.map((id) => backends.numberOf(id)));
  const wanted = { ...rest, targets, policyClass: version.redundancyClass, clientToken: null };
  return [randomUUID(), JSON.stringify(wanted), numbers.sort((a, b) => a - b), REPLICAS_MAX];
}

async function planOf(row: PlanRow, { terms, backends }: Context): Promise<WritePlanRecord> {
  const { committed_seq: seq, committed_at: modifiedAtMs, blob_id: blobId } = row;
  return {
    blobId,
    bucketId: row.bucket_id,
    key: row.key,
    bytes: Number(row.bytes),
    md5: row.md5,
    sha256: row.sha256,
    redundancyClass: await terms.valueOf(row.class),
    tags: row.tags,
    backends: (await unpackReplicas(row.replicas, backends)).map(({ backend }) => backend),
    expiresAtMs: row.expires_at,
    committed:
      seq === null
        ? null
        : {
            seq,
            versionId: row.is_null === true ? 'null' : encodeVersionId(seq, blobId),
            versioned: row.versioned === true,
            modifiedAtMs: modifiedAtMs ?? 0,
            jobId: row.job_id,
          },
  };
}
