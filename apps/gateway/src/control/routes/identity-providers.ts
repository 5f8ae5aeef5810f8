import { Fault } from '@sealgate/core/faults';
import type { OidcProvider } from '@sealgate/core/ports';
import { z } from 'zod';
import { checkIssuer } from '../../sts/provider-documents.ts';
import { lookAtGateway } from '../access.ts';
import { ROLE_TRUSTS_MAX, TRUST_VALUES_MAX } from '../limits.ts';
import { isoTime, tenantNameField } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const claimField = z.string().min(1).max(256);

const nameField = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'has 1 to 63 small letters, digits, dots or hyphens')
  .meta({ description: 'Name of an identity provider.' });

const texts = z.array(z.string().min(1).max(512)).max(TRUST_VALUES_MAX);

const grantSchema = z.object({
  role: z.enum(['operator', 'auditor', 'viewer']),
  tenants: z
    .union([z.literal('all'), z.array(tenantNameField).min(1).max(TRUST_VALUES_MAX), z.object({ claim: claimField })])
    .meta({
      description: 'Names of tenants, or the claim that says them; "all" reaches what belongs to no tenant, too.',
    }),
  audiences: texts.default([]).meta({ description: "Empty: any of the provider's." }),
  claims: z
    .record(claimField, texts.min(1))
    .refine((claims) => Object.keys(claims).length > 0, {
      error: 'names no claim, so anybody with a token of this issuer would have the role',
    })
    .meta({ description: 'By claim, values with * and ?; every claim that is named must have one that fits.' }),
});

const newProvider = z.object({
  issuer: z.string().max(512).meta({
    description: 'Exactly what tokens say as `iss`; the keys are found below it by OpenID Connect discovery.',
  }),
  audiences: z
    .array(z.string().min(1).max(512))
    .min(1)
    .max(TRUST_VALUES_MAX)
    .meta({ description: 'Client ids: a token must be for one of them.' }),
  grants: z
    .array(grantSchema)
    .max(ROLE_TRUSTS_MAX)
    .default([])
    .meta({ description: 'What its tokens open on the control listener. Empty: nothing.' }),
});

const providerSchema = z.object({
  name: z.string(),
  issuer: z.string(),
  audiences: z.array(z.string()),
  grants: z.array(
    z.object({
      role: z.enum(['operator', 'auditor', 'viewer']),
      tenants: z.union([z.literal('all'), z.array(z.string()), z.object({ claim: z.string() })]),
      audiences: z.array(z.string()),
      claims: z.record(z.string(), z.array(z.string())),
    }),
  ),
  createdAt: z.string().nullable(),
});
const params = z.object({ provider: nameField });
const PATH = '/admin/identity-providers/:provider';

/** OpenID Connect providers whose tokens AssumeRoleWithWebIdentity and this listener take. */
export function identityProviderRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/identity-providers',
      operationId: 'listIdentityProviders',
      tag: 'roles',
      summary: 'List identity providers',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(providerSchema),
      async handle({ query }) {
        const page = pageOf(await metadata.listOidcProviders(), ({ name }) => name, query);
        return { items: page.items.map(providerModel), next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: PATH,
      operationId: 'getIdentityProvider',
      tag: 'roles',
      summary: 'One identity provider',
      access: lookAtGateway,
      status: 200,
      params,
      response: providerSchema,
      async handle(input) {
        const found = (await metadata.listOidcProviders()).find(({ name }) => name === input.params.provider);
        if (found === undefined)
          throw new Fault('NotFound', `There is no identity provider "${input.params.provider}".`);
        return providerModel(found);
      },
    }),
    route({
      method: 'PUT',
      path: PATH,
      operationId: 'putIdentityProvider',
      tag: 'roles',
      summary: 'Register or change an OpenID Connect identity provider',
      description:
        'Its tokens give nothing by themselves: roles say which of them they trust for S3, grants what they open on this listener.',
      access: 'admin',
      status: 200,
      params,
      body: newProvider,
      response: providerSchema,
      async handle(input, { actor }) {
        await checkIssuer(input.body.issuer, services.guard);
        return providerModel(await metadata.putOidcProvider({ name: input.params.provider, ...input.body }, actor));
      },
    }),
    route({
      method: 'DELETE',
      path: PATH,
      operationId: 'deleteIdentityProvider',
      tag: 'roles',
      summary: 'Take no more tokens of an identity provider',
      description:
        'Sessions that were made with its tokens live on until they expire; remove a role to end its sessions.',
      access: 'admin',
      status: 204,
      params,
      handle: (input, { actor }) => metadata.deleteOidcProvider(input.params.provider, actor),
    }),
  ];
}

function providerModel(provider: OidcProvider): z.input<typeof providerSchema> {
  const { name, issuer, audiences, grants, createdAtMs } = provider;
  const shown = grants.map(({ role, tenants, audiences: narrower, claims }) => ({
    role,
    tenants: tenants === 'all' || 'claim' in tenants ? tenants : [...tenants],
    audiences: [...narrower],
    claims: Object.fromEntries(Object.entries(claims).map(([claim, values]) => [claim, [...values]])),
  }));
  return { name, issuer, audiences: [...audiences], grants: shown, createdAt: isoTime(createdAtMs) };
}
