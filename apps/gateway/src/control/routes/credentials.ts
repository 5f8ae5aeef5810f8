import { randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { AccessKeyId } from '@sealgate/core/names';
import type { Credential } from '@sealgate/core/ports';
import { z } from 'zod';
import { newAccessKey } from '../../start/key-pair.ts';
import { tenantChanges, tenantLooks } from '../access.ts';
import { identityPolicyField, identityPolicyText } from '../identity-policy.ts';
import { accessKeyField, credentialModel, credentialSchema, keyPairSchema, tenantRefField } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type CallContext, type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const newCredential = z
  .object({
    tenant: tenantRefField,
    accessKeyId: accessKeyField.optional(),
    secretAccessKey: z.string().min(16).max(128).optional(),
    description: z.string().max(256).nullable().default(null),
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
    policy: identityPolicyField.nullable().default(null),
  })
  .refine((body) => (body.accessKeyId === undefined) === (body.secretAccessKey === undefined), {
    error: 'give both halves of a key pair, or neither to have one made',
    path: ['accessKeyId'],
  });

const params = z.object({ accessKeyId: accessKeyField });

export function credentialRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'POST',
      path: '/proxy/credentials',
      operationId: 'createCredential',
      tag: 'credentials',
      summary: 'Register or make a SigV4 key pair of a tenant',
      description: 'A secret that was made here is in this answer and never shown again; a given one is not repeated.',
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 201,
      body: newCredential,
      response: credentialSchema.extend({ secretAccessKey: keyPairSchema.shape.secretAccessKey.optional() }),
      handle: ({ body }, context) => createCredential(services, body, context),
    }),
    route({
      method: 'GET',
      path: '/proxy/credentials',
      operationId: 'listCredentials',
      tag: 'credentials',
      summary: 'List the access keys of a tenant',
      access: tenantLooks({ in: 'query', name: 'tenant' }),
      status: 200,
      query: pageQuery.extend({ tenant: tenantRefField }),
      response: pageSchema(credentialSchema),
      async handle({ query }) {
        const tenant = await requireTenant(services, query.tenant);
        const page = pageOf(await metadata.listCredentials(tenant.id), ({ accessKeyId }) => accessKeyId, query);
        return { items: page.items.map(credentialModel), next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/credentials/:accessKeyId',
      operationId: 'getCredential',
      tag: 'credentials',
      summary: 'One access key, without its secret',
      access: tenantLooks({ in: 'credential', name: 'accessKeyId' }),
      status: 200,
      params,
      response: credentialSchema,
      handle: async (input) => credentialModel(await requireCredential(services, input.params.accessKeyId)),
    }),
    ...changeRoutes(services),
  ];
}

const SECONDS_OF_90_DAYS = 90 * 24 * 60 * 60;

function rotateRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/proxy/credentials/:accessKeyId/rotate',
    operationId: 'rotateCredential',
    tag: 'credentials',
    summary: 'Make a new key pair in the place of one, which ends after an overlap',
    description:
      'The new one has the description and policy of the old one; its secret is in this answer and never shown again. Temporary credentials that were made from the old one last until their own end.',
    access: tenantChanges({ in: 'credential', name: 'accessKeyId' }),
    status: 201,
    params,
    body: z.object({
      overlapSeconds: z
        .number()
        .int()
        .min(0)
        .max(SECONDS_OF_90_DAYS)
        .default(24 * 60 * 60)
        .meta({ description: 'For how long the old one still serves. Default: a day.' }),
    }),
    response: credentialSchema.extend({
      secretAccessKey: keyPairSchema.shape.secretAccessKey,
      replaces: credentialSchema,
    }),
    async handle(input, { actor }) {
      const { accessKeyId } = input.params;
      const { accessKeyId: replacement, secretAccessKey } = newAccessKey(randomBytes);
      const by = { replacement, secretAccessKey, overlapMs: input.body.overlapSeconds * 1000 };
      await services.metadata.rotateCredential(accessKeyId, by, actor);
      const [made, old] = await Promise.all([replacement, accessKeyId].map((id) => requireCredential(services, id)));
      if (made === undefined || old === undefined) throw new Fault('NotFound', 'There is no such access key.');
      return { ...credentialModel(made), secretAccessKey, replaces: credentialModel(old) };
    },
  });
}

function changeRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    rotateRoute(services),
    route({
      method: 'PATCH',
      path: '/proxy/credentials/:accessKeyId',
      operationId: 'updateCredential',
      tag: 'credentials',
      summary: 'Disable or enable an access key',
      description: 'While it is disabled, so are the temporary credentials that were made from it.',
      access: tenantChanges({ in: 'credential', name: 'accessKeyId' }),
      status: 200,
      params,
      body: z.object({ state: z.enum(['active', 'disabled']) }),
      response: credentialSchema,
      async handle(input, { actor }) {
        await metadata.setCredentialState(input.params.accessKeyId, input.body.state, actor);
        return credentialModel(await requireCredential(services, input.params.accessKeyId));
      },
    }),
    route({
      method: 'DELETE',
      path: '/proxy/credentials/:accessKeyId',
      operationId: 'deleteCredential',
      tag: 'credentials',
      summary: 'Remove an access key and the temporary credentials made from it',
      access: tenantChanges({ in: 'credential', name: 'accessKeyId' }),
      status: 204,
      params,
      async handle(input, { actor }) {
        await requireCredential(services, input.params.accessKeyId);
        await metadata.deleteCredential(input.params.accessKeyId, actor);
      },
    }),
  ];
}

/** @throws Fault NotFound */
async function requireCredential({ metadata }: ControlServices, accessKeyId: AccessKeyId): Promise<Credential> {
  const credential = await metadata.credential(accessKeyId);
  if (credential === undefined) throw new Fault('NotFound', 'There is no such access key.');
  return credential;
}

async function createCredential(
  services: ControlServices,
  body: z.output<typeof newCredential>,
  { actor, caller }: CallContext,
) {
  const tenant = await requireTenant(services, body.tenant);
  const expiresAtMs = body.expiresAt === null ? null : Date.parse(body.expiresAt);
  if (expiresAtMs !== null && expiresAtMs <= services.clock.now()) {
    throw new Fault('ValidationFailed', 'The time of expiry is in the past.');
  }
  const { accessKeyId, secretAccessKey, description } = body;
  const given = accessKeyId !== undefined && secretAccessKey !== undefined;
  // Whether a name is taken would tell a tenant of another's keys.
  if (given && caller?.kind === 'access-key') {
    throw new Fault('AccessDenied', 'Only an operator may register a key pair that was made elsewhere.');
  }
  const pair = given ? { accessKeyId, secretAccessKey } : newAccessKey(randomBytes);
  const policy = body.policy === null ? null : identityPolicyText(body.policy);
  const wanted = { ...pair, tenantId: tenant.id, expiresAtMs, description, policy };
  const made = await services.metadata.createCredential(wanted, actor);
  return { ...credentialModel(made), ...(given ? {} : { secretAccessKey: pair.secretAccessKey }) };
}
