import { accessOfNewBucket } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { parseRegionLock, resolveClass } from '@sealgate/core/policy';
import type { Bucket, Tenant } from '@sealgate/core/ports';
import { z } from 'zod';
import { changeTenant, lookAtTenant, tenantChanges, tenantLooks } from '../access.ts';
import {
  bucketModel,
  bucketNameField,
  bucketSchema,
  encryptionField,
  policyNameField,
  requestRecordsField,
  tenantRefField,
} from '../models.ts';
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket, requirePolicyIfNamed, requireTenant } from '../services.ts';

const regionLock = z
  .array(z.string().min(2).max(32))
  .max(64)
  .meta({ description: 'Jurisdictions (EU, EEA) and countries (FI) the bytes may be in; empty: no lock.' });

const settings = z.object({
  encryption: encryptionField.optional(),
  policy: policyNameField.nullable().optional(),
  regionLock: regionLock.optional(),
  defaultClass: z.string().max(63).nullable().optional(),
  requestRecords: requestRecordsField
    .optional()
    .meta({ description: 'Of requests to it, in the audit log. Holds where it is stricter than what the tenant has.' }),
});
const newBucket = settings.extend({ name: bucketNameField, objectLock: z.boolean().default(false) });
const params = z.object({ tenant: tenantRefField, bucket: bucketNameField });

export function bucketRoutes(services: ControlServices): readonly Route[] {
  return [...bucketListRoutes(services), ...oneBucketRoutes(services), ...proxyRoutes(services)];
}

function bucketListRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/buckets',
      operationId: 'listBuckets',
      tag: 'buckets',
      summary: "List a tenant's buckets",
      access: lookAtTenant,
      status: 200,
      params: z.object({ tenant: tenantRefField }),
      query: pageQuery,
      response: pageSchema(bucketSchema),
      handle: async (input) => listBuckets(services, await requireTenant(services, input.params.tenant), input.query),
    }),
    route({
      method: 'POST',
      path: '/admin/tenants/:tenant/buckets',
      operationId: 'createBucket',
      tag: 'buckets',
      summary: 'Create a bucket for a tenant',
      access: changeTenant,
      status: 201,
      params: z.object({ tenant: tenantRefField }),
      body: newBucket,
      response: bucketSchema,
      handle: async (input, { actor }) =>
        bucketModel(await createBucket(services, { tenantRef: input.params.tenant, wanted: input.body, actor })),
    }),
  ];
}

function oneBucketRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/buckets/:bucket',
      operationId: 'getBucket',
      tag: 'buckets',
      summary: "A bucket's settings",
      access: lookAtTenant,
      status: 200,
      params,
      response: bucketSchema,
      handle: async (input) => bucketModel(await requireBucket(services, input.params.tenant, input.params.bucket)),
    }),
    route({
      method: 'PATCH',
      path: '/admin/tenants/:tenant/buckets/:bucket',
      operationId: 'updateBucket',
      tag: 'buckets',
      summary: "Change a bucket's encryption mode, policy, region lock, default class or record mode",
      description: 'Holds for objects written, and requests made, from now on.',
      access: changeTenant,
      status: 200,
      params,
      body: settings,
      response: bucketSchema,
      async handle(input, { actor }) {
        const bucket = await requireBucket(services, input.params.tenant, input.params.bucket);
        const change = await checkedSettings(services, bucket, input.body);
        return bucketModel(await metadata.updateBucket(bucket.id, change, actor));
      },
    }),
    route({
      method: 'DELETE',
      path: '/admin/tenants/:tenant/buckets/:bucket',
      operationId: 'deleteBucket',
      tag: 'buckets',
      summary: 'Remove an empty bucket',
      access: changeTenant,
      status: 204,
      params,
      async handle(input, { actor }) {
        const bucket = await requireBucket(services, input.params.tenant, input.params.bucket);
        await metadata.deleteBucket(bucket.id, actor);
      },
    }),
  ];
}

const mappingSchema = z.object({
  tenant: z.string(),
  bucket: z.string(),
  region: z.string(),
  backends: z.record(z.string(), z.string()).meta({ description: 'Backend id -> physical bucket, as far as made.' }),
});

function proxyRoutes(services: ControlServices): readonly Route[] {
  const mapping = async (bucket: Bucket): Promise<z.input<typeof mappingSchema>> => ({
    tenant: bucket.tenantName,
    bucket: bucket.name,
    region: bucket.region,
    backends: Object.fromEntries(await services.metadata.physicalBuckets(bucket.id)),
  });
  return [
    route({
      method: 'POST',
      path: '/proxy/buckets',
      operationId: 'createMappedBucket',
      tag: 'proxy',
      summary: 'Create a logical bucket',
      description: 'Physical buckets are made on their backends when the first object goes there.',
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 201,
      body: newBucket.omit({ name: true }).extend({ tenant: tenantRefField, bucket: bucketNameField }),
      response: mappingSchema,
      async handle({ body: { tenant, bucket, ...rest } }, { actor }) {
        return mapping(await createBucket(services, { tenantRef: tenant, wanted: { ...rest, name: bucket }, actor }));
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/buckets',
      operationId: 'listMappedBuckets',
      tag: 'proxy',
      summary: "List a tenant's logical buckets with their physical ones",
      access: tenantLooks({ in: 'query', name: 'tenant' }),
      status: 200,
      query: pageQuery.extend({ tenant: tenantRefField }),
      response: pageSchema(mappingSchema),
      async handle({ query }) {
        const tenant = await requireTenant(services, query.tenant);
        const { buckets, next } = await bucketPage(services, tenant, query);
        return { items: await Promise.all(buckets.map(mapping)), next };
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/buckets/:tenant/:bucket',
      operationId: 'getMappedBucket',
      tag: 'proxy',
      summary: 'The physical buckets of a logical one',
      access: tenantLooks({ in: 'path', name: 'tenant' }),
      status: 200,
      params,
      response: mappingSchema,
      handle: async (input) => mapping(await requireBucket(services, input.params.tenant, input.params.bucket)),
    }),
  ];
}

interface NewBucketRequest {
  readonly tenantRef: string;
  readonly wanted: z.output<typeof newBucket>;
  readonly actor: Parameters<ControlServices['metadata']['createBucket']>[1];
}

async function createBucket(
  services: ControlServices,
  { tenantRef, wanted, actor }: NewBucketRequest,
): Promise<Bucket> {
  const tenant = await requireTenant(services, tenantRef);
  await requirePolicyIfNamed(services, wanted.policy);
  const lock = checkedLock(wanted.regionLock ?? []);
  const { policy: policyName = null, defaultClass = null } = wanted;
  if (defaultClass !== null) {
    resolveClass(await services.engine.policies.unbound({ tenantId: tenant.id, policyName }), defaultClass);
  }
  const made = await services.metadata.createBucket(
    {
      tenantId: tenant.id,
      name: wanted.name,
      region: services.region,
      locationConstraint: services.region,
      encryption: wanted.encryption ?? tenant.defaultEncryption,
      objectLock: wanted.objectLock,
      policyName,
      regionLock: lock,
      defaultClass,
      configs: accessOfNewBucket(tenant),
    },
    actor,
  );
  const { requestRecords = null } = wanted;
  return requestRecords === null ? made : await services.metadata.updateBucket(made.id, { requestRecords }, actor);
}

type BucketChange = Parameters<ControlServices['metadata']['updateBucket']>[1];

/** @throws Fault ValidationFailed, InvalidStorageClass: what would refuse every later write is refused now. */
async function checkedSettings(
  services: ControlServices,
  bucket: Bucket,
  wanted: z.output<typeof settings>,
): Promise<BucketChange> {
  await requirePolicyIfNamed(services, wanted.policy);
  const change: BucketChange = {
    ...(wanted.encryption === undefined ? {} : { encryption: wanted.encryption }),
    ...(wanted.policy === undefined ? {} : { policyName: wanted.policy }),
    ...(wanted.regionLock === undefined ? {} : { regionLock: checkedLock(wanted.regionLock) }),
    ...(wanted.defaultClass === undefined ? {} : { defaultClass: wanted.defaultClass }),
    ...(wanted.requestRecords === undefined ? {} : { requestRecords: wanted.requestRecords }),
  };
  const later: Bucket = { ...bucket, ...(change as Partial<Bucket>) };
  resolveClass(await services.engine.policies.forBucket(later), later.defaultClass ?? undefined);
  return change;
}

function checkedLock(words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : parseRegionLock(words.join(','));
}

async function bucketPage(
  { metadata }: ControlServices,
  tenant: Tenant,
  query: z.output<typeof pageQuery>,
): Promise<{ readonly buckets: readonly Bucket[]; readonly next: string | null }> {
  const after = query.cursor === undefined ? '' : decodeCursor(query.cursor);
  const page = await metadata.listBuckets(tenant.id, { prefix: '', after, limit: query.limit });
  const last = page.buckets.at(-1);
  if (page.truncated && last === undefined) throw new Fault('InternalError', 'A page of buckets was empty.');
  return { buckets: page.buckets, next: page.truncated && last ? encodeCursor(last.name) : null };
}

async function listBuckets(services: ControlServices, tenant: Tenant, query: z.output<typeof pageQuery>) {
  const { buckets, next } = await bucketPage(services, tenant, query);
  return { items: buckets.map(bucketModel), next };
}
