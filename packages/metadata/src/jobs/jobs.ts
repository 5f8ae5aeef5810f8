import { randomUUID } from 'node:crypto';
import { REPLICAS_MAX } from '@sealgate/core/limits';
import type { BackendId, BlobId, BucketName, ObjectKey, VersionId } from '@sealgate/core/names';
import type { Job, JobKind, JobState, JobStats, ListJobs, MetadataJobs } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import { accepted, type Context } from '../context.ts';
import { createLeases } from './leases.ts';

interface JobRow {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly created_at: number;
  readonly place: string;
  readonly updated_at: number;
  readonly ended_at: number | null;
  readonly tenant: string | null;
  readonly bucket: BucketName | null;
  readonly key: ObjectKey | null;
  readonly version_id: VersionId | 'null' | null;
  readonly source: number | null;
  readonly targets: readonly number[] | null;
  readonly policy_class: number | null;
  readonly class_name: string | null;
  readonly encryption_required: boolean;
  readonly priority: number;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly holder: string | null;
  readonly blob_id: BlobId | null;
  readonly copies: readonly number[] | null;
  readonly blobs: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Time with microseconds, and id, of the last job of a page. */
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f-]{36})$/;

export function createJobs(context: Context): MetadataJobs {
  const { database, backends } = context;
  const outcome = async (statement: string, values: Parameters<typeof database.write>[1]): Promise<void> => {
    accepted(await database.write<{ outcome: string }>(statement, values));
  };

  async function page(
    filter: Omit<ListJobs, 'cursor'> & { readonly id: string | null; readonly cursor: string | null },
  ) {
    const before = CURSOR.exec(filter.cursor ?? '');
    const rows = await database.read<JobRow>('list-jobs', [
      filter.id,
      filter.state,
      filter.kind,
      filter.tenantId,
      filter.bucketId,
      before?.[1] ?? null,
      before?.[2] ?? null,
      filter.limit + 1,
    ]);
    const shown = rows.slice(0, filter.limit);
    const last = shown.at(-1);
    const next = rows.length > shown.length && last !== undefined ? `${last.place} ${last.id}` : null;
    return { items: await Promise.all(shown.map((row) => jobOf(row, context))), next };
  }

  return {
    ...createLeases(context),

    async createJob(job, actor) {
      const { blobs, targets, source, seq, ...wanted } = job;
      const numbers = await Promise.all(targets.map((id) => backends.numberOf(id)));
      const row = accepted(
        await database.write<{ outcome: string; id: string; created: boolean }>('create-job', [
          ...(await context.actor(actor)),
          randomUUID(),
          JSON.stringify({ ...wanted, targets, seq: seq.toString() }),
          blobs,
          numbers.sort((a, b) => a - b),
          source === null ? null : await backends.numberOf(source),
          REPLICAS_MAX,
        ]),
      );
      return { id: row.id, created: row.created };
    },

    async job(id) {
      if (!UUID.test(id)) return undefined;
      const all = { state: null, kind: null, tenantId: null, bucketId: null, cursor: null, limit: 1 };
      return (await page({ ...all, id })).items[0];
    },

    listJobs: (request) => page({ ...request, id: null }),
    cancelJob: async (id, actor) => outcome('cancel-job', [...(await context.actor(actor)), id]),
    retryJob: async (id, blobs, actor) =>
      outcome('retry-job', [...(await context.actor(actor)), id, blobs, REPLICAS_MAX]),

    async redriveRepairs({ id, limit }, actor) {
      const values = [...(await context.actor(actor)), id, limit];
      const [row] = await database.write<{ redriven: number }>('redrive-repairs', values);
      return row?.redriven ?? 0;
    },

    async settleJobs(limit) {
      const [actor] = await context.actor(SYSTEM_ACTOR);
      const [row] = await database.write<{ ended: number }>('settle-jobs', [limit, actor]);
      return row?.ended ?? 0;
    },

    async purgeJobs(keptMs, limit) {
      const [row] = await database.write<{ purged: number }>('purge-jobs', [keptMs, limit]);
      return row?.purged ?? 0;
    },

    async jobStats() {
      const rows = await database.read<Omit<JobStats, 'oldestMs'> & { readonly oldest_s: number }>('job-stats', []);
      return rows.map(({ oldest_s: seconds, ...counts }) => ({ ...counts, oldestMs: seconds * 1000 }));
    },
  };
}

async function jobOf(row: JobRow, { backends, terms }: Context): Promise<Job> {
  const targets = await Promise.all(
    (row.targets ?? []).map(async (num, index) => ({
      backend: await backends.idOf(num),
      stored: row.copies?.[index] ?? 0,
    })),
  );
  const source: BackendId | null = row.source === null ? null : await backends.idOf(row.source);
  const named = row.policy_class === null ? null : await terms.valueOf(row.policy_class);
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    tenant: row.tenant,
    bucket: row.bucket,
    key: row.key,
    versionId: row.version_id,
    blobId: row.blob_id,
    source,
    targets,
    blobs: row.blobs,
    policyClass: row.class_name ?? named,
    encryptionRequired: row.encryption_required,
    priority: row.priority,
    attempts: row.attempts,
    lastError: row.last_error,
    holder: row.holder,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    endedAtMs: row.ended_at,
  };
}
