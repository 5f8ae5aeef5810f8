import { Fault, isFault } from '@sealgate/core/faults';
import { parseRoleName, roleArn } from '@sealgate/core/federation';
import type { Role, Tenant } from '@sealgate/core/ports';
import { ROLE_SESSION_SECONDS_DEFAULT, ROLE_SESSION_SECONDS_MAX, SESSION_SECONDS_MIN } from '@sealgate/s3';
import { z } from 'zod';
import { changeTenant, lookAtTenant } from '../access.ts';
import {
  identityPolicyField,
  identityPolicyModel,
  identityPolicyShown,
  identityPolicyText,
} from '../identity-policy.ts';
import { ROLE_TRUSTS_MAX, TRUST_VALUES_MAX } from '../limits.ts';
import { accessKeyField, isoTime, tenantRefField } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const roleNameField = z
  .string()
  .max(64)
  .meta({ description: 'Name of a role.' })
  .refine(isRoleName, { error: 'has 1 to 64 letters, digits or any of _+=,.@-' });

const texts = z.array(z.string().min(1).max(512)).max(TRUST_VALUES_MAX);

const trustSchema = z.object({
  webIdentities: z
    .array(
      z.object({
        issuer: z.string().max(512).meta({ description: 'Of a registered identity provider.' }),
        audiences: texts.default([]).meta({ description: "Empty: any of the provider's." }),
        claims: z
          .record(z.string().min(1).max(256), texts.min(1))
          .refine((claims) => Object.keys(claims).length > 0, {
            error:
              'names no claim, so anybody with a token of this issuer could take the role; say {"sub": ["*"]} if that is meant',
          })
          .meta({ description: 'By claim, values with * and ?; every claim that is named must have one that fits.' }),
      }),
    )
    .max(ROLE_TRUSTS_MAX)
    .default([]),
  accessKeyIds: z
    .array(accessKeyField)
    .max(ROLE_TRUSTS_MAX)
    .default([])
    .meta({ description: 'Access keys of the tenant that may take it by AssumeRole.' }),
});

const newRole = z.object({
  trust: trustSchema,
  policy: identityPolicyField,
  sessionSecondsMax: z
    .number()
    .int()
    .min(SESSION_SECONDS_MIN)
    .max(ROLE_SESSION_SECONDS_MAX)
    .default(ROLE_SESSION_SECONDS_DEFAULT)
    .meta({ description: 'Longest session.' }),
  description: z.string().max(256).nullable().default(null),
});

const roleSchema = z.object({
  tenant: z.string(),
  name: z.string(),
  arn: z.string().meta({ description: 'What AssumeRole and AssumeRoleWithWebIdentity take as RoleArn.' }),
  trust: z.object({
    webIdentities: z.array(
      z.object({
        issuer: z.string(),
        audiences: z.array(z.string()),
        claims: z.record(z.string(), z.array(z.string())),
      }),
    ),
    accessKeyIds: z.array(z.string()),
  }),
  policy: identityPolicyShown,
  sessionSecondsMax: z.number(),
  description: z.string().nullable(),
  createdAt: z.string().nullable(),
});

const params = z.object({ tenant: tenantRefField, role: roleNameField });
const PATH = '/admin/tenants/:tenant/roles/:role';

/** Roles of a tenant: rights that others take for a while, with STS on the S3 listener. */
export function roleRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/roles',
      operationId: 'listRoles',
      tag: 'roles',
      summary: 'List the roles of a tenant',
      access: lookAtTenant,
      status: 200,
      params: params.pick({ tenant: true }),
      query: pageQuery,
      response: pageSchema(roleSchema),
      async handle(input) {
        const tenant = await requireTenant(services, input.params.tenant);
        const page = pageOf(await metadata.listRoles(tenant.id), ({ name }) => name, input.query);
        return { items: page.items.map(roleModel), next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: PATH,
      operationId: 'getRole',
      tag: 'roles',
      summary: 'One role',
      access: lookAtTenant,
      status: 200,
      params,
      response: roleSchema,
      handle: async (input) => roleModel(await requireRole(services, input.params)),
    }),
    route({
      method: 'PUT',
      path: PATH,
      operationId: 'putRole',
      tag: 'roles',
      summary: 'Make or replace a role',
      description: 'Sessions that are under way have the new policy at once.',
      access: changeTenant,
      status: 200,
      params,
      body: newRole,
      response: roleSchema,
      async handle({ params: { tenant: ref, role: name }, body }, { actor }) {
        const tenant = await requireTenant(services, ref);
        await requireOrigins(services, tenant, body.trust);
        const { trust, sessionSecondsMax, description } = body;
        const policy = identityPolicyText(body.policy);
        const wanted = { tenantId: tenant.id, name, trust, policy, sessionSecondsMax, description };
        return roleModel(await metadata.putRole(wanted, actor));
      },
    }),
    route({
      method: 'DELETE',
      path: PATH,
      operationId: 'deleteRole',
      tag: 'roles',
      summary: 'Remove a role and end its sessions',
      access: changeTenant,
      status: 204,
      params,
      async handle(input, { actor }) {
        const tenant = await requireTenant(services, input.params.tenant);
        await metadata.deleteRole(tenant.id, input.params.role, actor);
      },
    }),
  ];
}

/** @throws Fault NotFound */
async function requireRole(
  services: ControlServices,
  { tenant: ref, role: name }: z.output<typeof params>,
): Promise<Role> {
  const tenant = await requireTenant(services, ref);
  const role = await services.metadata.role(tenant.name, name);
  if (role === undefined) throw new Fault('NotFound', `Tenant "${tenant.name}" has no role "${name}".`);
  return role;
}

function isRoleName(text: string): boolean {
  try {
    return parseRoleName(text) === text;
  } catch (error) {
    if (isFault(error)) return false;
    throw error;
  }
}

/** A misspelled issuer or key would trust nobody, silently. @throws Fault ValidationFailed */
async function requireOrigins(
  { metadata }: Pick<ControlServices, 'metadata'>,
  tenant: Tenant,
  trust: z.output<typeof trustSchema>,
): Promise<void> {
  for (const { issuer } of trust.webIdentities) {
    if ((await metadata.oidcProviderByIssuer(issuer)) === undefined) {
      throw new Fault('ValidationFailed', `No identity provider has the issuer "${issuer}". Register it first.`);
    }
  }
  for (const accessKeyId of trust.accessKeyIds) {
    const credential = await metadata.credential(accessKeyId);
    if (credential?.kind !== 'static' || credential.tenant.id !== tenant.id) {
      throw new Fault('ValidationFailed', `Tenant "${tenant.name}" has no access key ${accessKeyId}.`);
    }
  }
}

function roleModel(role: Role): z.input<typeof roleSchema> {
  const { webIdentities, accessKeyIds } = role.trust;
  return {
    tenant: role.tenantName,
    name: role.name,
    arn: roleArn(role.tenantName, role.name),
    trust: {
      webIdentities: webIdentities.map(({ issuer, audiences, claims }) => ({
        issuer,
        audiences: [...audiences],
        claims: Object.fromEntries(Object.entries(claims).map(([name, values]) => [name, [...values]])),
      })),
      accessKeyIds: [...accessKeyIds],
    },
    policy: identityPolicyModel(role.policy),
    sessionSecondsMax: role.sessionSecondsMax,
    description: role.description,
    createdAt: isoTime(role.createdAtMs),
  };
}
