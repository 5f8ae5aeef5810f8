import { randomBytes } from 'node:crypto';
import type { AuditActor, Tenant } from '@sealgate/core/ports';
import { z } from 'zod';
import { newAccessKey } from '../../start/key-pair.ts';
import { lookAtGateway, lookAtTenant } from '../access.ts';
import {
  encryptionField,
  keyPairSchema,
  policyNameField,
  requestRecordsField,
  tenantModel,
  tenantNameField,
  tenantQuotasSchema,
  tenantRefField,
  tenantSchema,
  tenantSettingsSchema,
} from '../models.ts';
import { mapPage, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requirePolicyIfNamed, requireTenant } from '../services.ts';

const settingsField = tenantSettingsSchema.partial().strict();

const quotasField = tenantQuotasSchema.partial();

const recordsField = requestRecordsField.meta({
  description:
    'How requests to its buckets are recorded in the audit log; null: as the gateway’s setting says. A bucket can be stricter.',
});

const newTenant = z.object({
  name: tenantNameField,
  displayName: z.string().min(1).max(256).optional().meta({ description: 'The name, unless given.' }),
  email: z.email().nullable().default(null),
  namespace: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/)
    .default('default')
    .meta({
      description: 'Bucket names are unique within a namespace.',
    }),
  defaultEncryption: encryptionField.default('required'),
  policy: policyNameField.nullable().default(null),
  settings: settingsField.default({}),
  quotas: quotasField.default({}),
  requestRecords: recordsField.default(null),
});

const change = z
  .object({
    state: z.enum(['active', 'suspended']),
    defaultEncryption: encryptionField,
    policy: policyNameField.nullable(),
    displayName: z.string().min(1).max(256),
    settings: settingsField.meta({ description: 'Those that are given change.' }),
    quotas: quotasField.meta({ description: 'Those that are given change; null takes a bound away.' }),
    requestRecords: recordsField,
  })
  .partial();

const params = z.object({ tenant: tenantRefField });

export function tenantRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'POST',
      path: '/admin/tenants',
      operationId: 'createTenant',
      tag: 'tenants',
      summary: 'Create a tenant with a first key pair',
      description: 'The secret is shown here and never again.',
      access: 'admin',
      status: 201,
      body: newTenant,
      response: tenantSchema.extend({ credentials: z.array(keyPairSchema) }),
      handle: ({ body }, { actor }) => create(services, body, actor),
    }),
    route({
      method: 'GET',
      path: '/admin/tenants',
      operationId: 'listTenants',
      tag: 'tenants',
      summary: 'List tenants',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(tenantSchema),
      handle: async ({ query }) => mapPage(await metadata.listTenants(query.cursor ?? null, query.limit), tenantModel),
    }),
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant',
      operationId: 'getTenant',
      tag: 'tenants',
      summary: 'One tenant',
      access: lookAtTenant,
      status: 200,
      params,
      response: tenantSchema,
      handle: async (input) => tenantModel(await requireTenant(services, input.params.tenant)),
    }),
    route({
      method: 'PATCH',
      path: '/admin/tenants/:tenant',
      operationId: 'updateTenant',
      tag: 'tenants',
      summary: 'Suspend or resume a tenant, or change its defaults',
      access: 'admin',
      status: 200,
      params,
      body: change,
      response: tenantSchema,
      async handle(input, { actor }) {
        const tenant = await requireTenant(services, input.params.tenant);
        await requirePolicyIfNamed(services, input.body.policy);
        return tenantModel(await metadata.updateTenant(tenant.id, changeOf(tenant, input.body), actor));
      },
    }),
  ];
}

async function create(services: ControlServices, body: z.output<typeof newTenant>, actor: AuditActor) {
  const { metadata } = services;
  await requirePolicyIfNamed(services, body.policy);
  const { policy, displayName, settings, quotas, requestRecords, ...rest } = body;
  const wanted = { ...rest, settings: given(settings), displayName: displayName ?? body.name, policyName: policy };
  const made = await metadata.createTenant(wanted, actor);
  const bounds = given(quotas);
  const more = {
    ...(Object.keys(bounds).length === 0 ? {} : { quotas: bounds }),
    ...(requestRecords === null ? {} : { requestRecords }),
  };
  const tenant = Object.keys(more).length === 0 ? made : await metadata.updateTenant(made.id, more, actor);
  const pair = newAccessKey(randomBytes);
  await metadata.createCredential(
    { ...pair, tenantId: tenant.id, expiresAtMs: null, description: 'first key of the tenant' },
    actor,
  );
  return { ...tenantModel(tenant), credentials: [pair] };
}

function changeOf(
  tenant: Tenant,
  { policy, settings, quotas, ...rest }: z.output<typeof change>,
): Parameters<ControlServices['metadata']['updateTenant']>[1] {
  return {
    ...(given(rest) as Partial<Pick<Tenant, 'state'>>),
    ...(policy === undefined ? {} : { policyName: policy }),
    ...(quotas === undefined ? {} : { quotas: given(quotas) }),
    ...(settings === undefined ? {} : { settings: { ...tenant.settings, ...given(settings) } }),
  };
}

/** Without the members that nobody gave. */
function given<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
}
