import { Fault } from '@sealgate/core/faults';
import { type CallerRole, reachOf } from '@sealgate/core/federation';
import type { BackendId, BlobId, TenantId } from '@sealgate/core/names';
import { RESIDENCY_TAG, regionLockOf } from '@sealgate/core/policy';
import type { Bucket, Job, ObjectVersion } from '@sealgate/core/ports';
import { z } from 'zod';
import { tenantChanges } from '../access.ts';
import { JOB_TARGETS_MAX, PAGE_ITEMS_MAX } from '../limits.ts';
import { backendIdField, bucketNameField, isoTime, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from '../paging.ts';
import { type CallContext, type Route, route } from '../route.ts';
import { type ControlServices, requireBucket, requireTenant } from '../services.ts';
import { findVersion } from './stat.ts';

/** Blobs of a multipart object that are read at once. */
const SEGMENTS_PAGE = 1000;
const MORE: readonly CallerRole[] = ['operator', 'viewer', 'tenant'];
const CHANGE: readonly CallerRole[] = ['operator', 'tenant'];

const kindField = z.enum(['repair', 'replicate']);
const stateField = z.enum(['waiting', 'active', 'done', 'failed', 'cancelled']);

const newJob = z.object({
  tenant: tenantRefField,
  bucket: bucketNameField,
  kind: z.literal('replicate').default('replicate'),
  object_key: z.string().min(1),
  version_id: z.string().optional().meta({ description: 'Absent: the current version.' }),
  source_backend: backendIdField
    .optional()
    .meta({ description: 'Must hold a verified copy of all of it. Bytes are read from wherever is best.' }),
  target_backends: z.array(backendIdField).min(1).max(JOB_TARGETS_MAX),
  policy_class: z.string().optional().meta({ description: 'The class that the version must have.' }),
  encryption_required: z.boolean().default(false).meta({ description: 'Refuse a version that no client sealed.' }),
  priority: z
    .number()
    .int()
    .min(0)
    .max(49)
    .default(0)
    .meta({ description: 'Higher is sooner; repairs have 50 and more.' }),
  client_token: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ description: 'The same request with the same one gives the same job.' }),
});

const jobSchema = z
  .object({
    id: z.string(),
    kind: kindField,
    state: stateField,
    tenant: z.string().nullable(),
    bucket: z.string().nullable(),
    object_key: z
      .string()
      .nullable()
      .meta({ description: 'Null for a repair: it is about bytes, whichever version has them.' }),
    version_id: z.string().nullable(),
    blob_id: z.string().nullable(),
    source_backend: z.string().nullable(),
    target_backends: z.array(z.string()),
    policy_class: z.string().nullable(),
    encryption_required: z.boolean(),
    priority: z.number(),
    attempts: z.number(),
    progress: z.object({
      done: z.number().meta({ description: 'Copies that were verified.' }),
      total: z.number(),
      targets: z.array(z.object({ backend: z.string(), done: z.number(), total: z.number(), stored: z.boolean() })),
    }),
    last_error: z.string().nullable(),
    worker: z.string().nullable().meta({ description: 'Who works at it; told to the operator only.' }),
    created_at: z.iso.datetime().nullable(),
    updated_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ description: 'A replication that somebody asked for, or a repair of copies that a class owes.' });

const params = z.object({ job: z.string().max(64).meta({ description: 'Id of a job.' }) });

export function jobRoutes(services: ControlServices): readonly Route[] {
  return [createRoute(services), ...lookRoutes(services), ...changeRoutes(services)];
}

function createRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/proxy/jobs',
    operationId: 'createJob',
    tag: 'jobs',
    summary: 'Give a version copies on further backends',
    description:
      "Every target must be admitted by the bucket's policy. An equal job that waits is given instead of a second one. The job is done when every target holds a copy that was read back and found good.",
    access: tenantChanges({ in: 'body', name: 'tenant' }),
    status: 201,
    body: newJob,
    response: jobSchema,
    async handle({ body }, context) {
      const bucket = await requireBucket(services, body.tenant, body.bucket);
      const versionId = body.version_id === undefined ? {} : { versionId: body.version_id };
      const version = await findVersion(services, { bucketId: bucket.id, key: body.object_key, ...versionId });
      checkVersion(version, body);
      const targets = [...new Set(body.target_backends)];
      await requireAdmitted(services, bucket, { targets, tags: version.tags });
      const { id } = await services.metadata.createJob(
        {
          tenantId: bucket.tenantId,
          bucketId: bucket.id,
          key: version.key,
          seq: version.seq,
          versionId: version.versionId,
          blobs: await blobsOf(services, version),
          targets,
          source: body.source_backend ?? null,
          policyClass: version.redundancyClass,
          encryptionRequired: body.encryption_required,
          priority: body.priority,
          clientToken: body.client_token ?? null,
        },
        context.actor,
      );
      return jobModel(await requireJob(services, id, context, CHANGE), context);
    },
  });
}

function lookRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/proxy/jobs',
      operationId: 'listJobs',
      tag: 'jobs',
      summary: 'List jobs, newest first, repairs among them',
      access: { roles: MORE, tenant: { in: 'query', name: 'tenant' } },
      status: 200,
      query: pageQuery.extend({
        state: stateField.optional(),
        kind: kindField.optional(),
        tenant: tenantRefField.optional(),
        bucket: bucketNameField.optional().meta({ description: 'Of the tenant that is named too.' }),
      }),
      response: pageSchema(jobSchema),
      async handle({ query }, context) {
        const page = await services.metadata.listJobs({
          state: query.state ?? null,
          kind: query.kind ?? null,
          ...(await placeOf(services, query)),
          cursor: query.cursor === undefined ? null : decodeCursor(query.cursor),
          limit: query.limit,
        });
        const next = page.next === null ? null : encodeCursor(page.next);
        return { items: page.items.map((job) => jobModel(job, context)), next };
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/jobs/:job',
      operationId: 'getJob',
      tag: 'jobs',
      summary: 'One job with its progress',
      access: { roles: MORE, tenant: 'any' },
      status: 200,
      params,
      response: jobSchema,
      handle: async (input, context) => jobModel(await requireJob(services, input.params.job, context, MORE), context),
    }),
  ];
}

function changeRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'POST',
      path: '/proxy/jobs/:job/cancel',
      operationId: 'cancelJob',
      tag: 'jobs',
      summary: 'End a replication that is not over',
      description:
        'Copies that are owed for it alone are owed no more; copies that were made stay. A repair is owed by its class and cannot be cancelled.',
      access: { roles: CHANGE, tenant: 'any' },
      status: 200,
      params,
      response: jobSchema,
      async handle(input, context) {
        const job = await requireJob(services, input.params.job, context, CHANGE);
        if (job.kind === 'repair')
          throw new Fault('Conflict', 'A repair is owed by its class and cannot be cancelled.');
        await metadata.cancelJob(job.id, context.actor);
        return jobModel(await requireJob(services, job.id, context, CHANGE), context);
      },
    }),
    route({
      method: 'POST',
      path: '/proxy/jobs/:job/retry',
      operationId: 'retryJob',
      tag: 'jobs',
      summary: 'Give a job that failed or was cancelled another life',
      description: 'The policy is asked again. A repair comes back as another job.',
      access: { roles: CHANGE, tenant: 'any' },
      status: 202,
      params,
      response: z.object({ retried: z.number() }),
      async handle(input, context) {
        const job = await requireJob(services, input.params.job, context, CHANGE);
        return { retried: await retry(services, job, context) };
      },
    }),
    route({
      method: 'POST',
      path: '/proxy/jobs/retry',
      operationId: 'retryJobs',
      tag: 'jobs',
      summary: 'Give all jobs of a kind that failed another life, as many as the limit lets',
      access: 'admin',
      status: 202,
      body: z.object({ kind: kindField, limit: z.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS_MAX) }),
      response: z.object({ retried: z.number(), refused: z.number() }),
      async handle({ body: { kind, limit } }, context) {
        if (kind === 'repair')
          return { retried: await metadata.redriveRepairs({ id: null, limit }, context.actor), refused: 0 };
        const all = { tenantId: null, bucketId: null, cursor: null };
        const { items } = await metadata.listJobs({ ...all, kind, state: 'failed', limit });
        // What cannot come back (its version is gone, the policy refuses it now) must not keep the others away.
        const outcomes = await Promise.allSettled(items.map((job) => retry(services, job, context)));
        const retried = outcomes.filter(({ status }) => status === 'fulfilled').length;
        return { retried, refused: outcomes.length - retried };
      },
    }),
  ];
}

async function retry(services: ControlServices, job: Job, { actor }: CallContext): Promise<number> {
  const { metadata } = services;
  if (job.kind === 'repair') {
    if (job.state !== 'failed')
      throw new Fault('Conflict', 'This repair was not given up: it is tried again by itself.');
    return await metadata.redriveRepairs({ id: job.id, limit: 1 }, actor);
  }
  if (job.tenant === null || job.bucket === null || job.key === null || job.versionId === null) throw gone();
  const bucket = await requireBucket(services, job.tenant, job.bucket);
  const version = await metadata.version(bucket.id, job.key, job.versionId);
  if (version === undefined) throw gone();
  const targets = job.targets.map(({ backend }) => backend);
  await requireAdmitted(services, bucket, { targets, tags: version.tags });
  await metadata.retryJob(job.id, await blobsOf(services, version), actor);
  return 1;
}

function gone(): Fault {
  return new Fault('NoSuchVersion', 'The version that the job is about is gone.');
}

function checkVersion(version: ObjectVersion, wanted: z.output<typeof newJob>): void {
  const { policy_class: wantedClass, encryption_required: sealed } = wanted;
  if (wantedClass !== undefined && wantedClass !== version.redundancyClass) {
    throw new Fault('InvalidRequest', `The version has the class ${version.redundancyClass}, not ${wantedClass}.`);
  }
  if (sealed && version.verdict?.startsWith('sealed') !== true) {
    throw new Fault('EncryptionRequired', 'The version was not sealed by its client, and the job asks for that.');
  }
}

/** @throws Fault PolicyRefused naming the rule; NoSuchBackend, InvalidRequest, InvalidTag */
export async function requireAdmitted(
  services: ControlServices,
  bucket: Bucket,
  { targets, tags }: { readonly targets: readonly BackendId[]; readonly tags: ObjectVersion['tags'] },
): Promise<void> {
  const regionLock = regionLockOf(bucket.regionLock, tags?.[RESIDENCY_TAG] ?? null);
  const [backends, policy] = await Promise.all([
    services.metadata.listBackends(),
    services.engine.policies.forBucket(bucket),
  ]);
  for (const id of targets) {
    const backend = backends.find((each) => each.id === id);
    if (backend === undefined) throw new Fault('NoSuchBackend', `There is no backend "${id}".`);
    const verdict = policy.admits(backend, { regionLock });
    if (!verdict.ok) {
      throw new Fault('PolicyRefused', `The policy does not admit "${id}": ${verdict.reason}.`, { rule: verdict.rule });
    }
    if (backend.state === 'draining' || backend.state === 'retired') {
      throw new Fault('InvalidRequest', `The backend "${id}" is ${backend.state}: it takes no further copies.`);
    }
  }
}

export async function blobsOf({ metadata }: ControlServices, version: ObjectVersion): Promise<readonly BlobId[]> {
  if (version.blob !== null) return [version.blob.blobId];
  const blobs: BlobId[] = [];
  for (let offset = 0; offset < version.bytes; ) {
    const segments = await metadata.readSegments(version, offset, SEGMENTS_PAGE);
    for (const { blob } of segments) blobs.push(blob.blobId);
    const last = segments.at(-1);
    if (last === undefined) break;
    offset = last.offset + last.bytes;
  }
  if (blobs.length === 0) throw new Fault('InvalidRequest', 'This version has no bytes to copy.');
  return [...new Set(blobs)];
}

async function placeOf(
  services: ControlServices,
  { tenant, bucket }: { readonly tenant?: string | undefined; readonly bucket?: Bucket['name'] | undefined },
): Promise<{ readonly tenantId: TenantId | null; readonly bucketId: number | null }> {
  if (tenant === undefined) {
    if (bucket !== undefined) throw new Fault('ValidationFailed', 'Say whose bucket is meant: "tenant" is missing.');
    return { tenantId: null, bucketId: null };
  }
  const { id: tenantId } = await requireTenant(services, tenant);
  return { tenantId, bucketId: bucket === undefined ? null : (await requireBucket(services, tenant, bucket)).id };
}

/** A job of somebody else is not there. @throws Fault NotFound */
export async function requireJob(
  { metadata }: ControlServices,
  id: string,
  { caller }: CallContext,
  roles: readonly CallerRole[],
): Promise<Job> {
  const job = await metadata.job(id);
  const reach = reachOf(roles, caller?.grants ?? []);
  if (job !== undefined && (reach === 'all' || (job.tenant !== null && reach.has(job.tenant)))) return job;
  throw new Fault('NotFound', 'There is no such job.');
}

function jobModel(job: Job, { caller }: CallContext): z.input<typeof jobSchema> {
  const targets = job.targets.map(({ backend, stored }) => ({
    backend,
    done: stored,
    total: job.blobs,
    stored: stored === job.blobs,
  }));
  const operates = reachOf(['operator', 'viewer'], caller?.grants ?? []) === 'all';
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    tenant: job.tenant,
    bucket: job.bucket,
    object_key: job.key,
    version_id: job.versionId,
    blob_id: job.blobId,
    source_backend: job.source,
    target_backends: targets.map(({ backend }) => backend),
    policy_class: job.policyClass,
    encryption_required: job.encryptionRequired,
    priority: job.priority,
    attempts: job.attempts,
    progress: { done: targets.reduce((sum, { done }) => sum + done, 0), total: targets.length * job.blobs, targets },
    last_error: job.lastError,
    worker: operates ? job.holder : null,
    created_at: isoTime(job.createdAtMs),
    updated_at: isoTime(job.updatedAtMs),
    ended_at: isoTime(job.endedAtMs),
  };
}
