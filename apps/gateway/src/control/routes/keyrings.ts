import type { KeyringRecord } from '@sealgate/core/ports';
import { z } from 'zod';
import { tenantChanges, tenantLooks } from '../access.ts';
import { KEYRING_CHARS_MAX, KEYRINGS_PAGE_MAX } from '../limits.ts';
import { isoTime, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const keyringSchema = z.object({
  seq: z.number(),
  document: z.string().meta({ description: 'JWS, as the tenant’s root signed it: docs/spec/keys.md.' }),
  digest: z.string().meta({ description: 'SHA-256 of the document, base64url.' }),
  rootKeyId: z.string(),
  createdAt: z.iso.datetime().nullable(),
});

export function keyringRoutes(services: ControlServices): readonly Route[] {
  const { metadata, keyrings } = services;
  return [
    route({
      method: 'POST',
      path: '/proxy/keyrings',
      operationId: 'publishKeyring',
      tag: 'keys',
      summary: 'Publish the next keyring of a tenant',
      description:
        'Signed by the tenant’s offline root. The first one decides which root that is. Strict buckets take no other recipients from then on. The same one again changes nothing.',
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 201,
      body: z.object({ tenant: tenantRefField, document: z.string().max(KEYRING_CHARS_MAX) }),
      response: keyringSchema,
      async handle({ body }, { actor }) {
        const tenant = await requireTenant(services, body.tenant);
        return modelOf(await keyrings.publish(tenant, body.document, actor));
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/keyrings',
      operationId: 'listKeyrings',
      tag: 'keys',
      summary: 'The keyrings of a tenant, from the one behind a number on',
      description: 'Clients check the chain by themselves, from the root and the number that they remember.',
      access: tenantLooks({ in: 'query', name: 'tenant' }),
      status: 200,
      query: z.object({
        tenant: tenantRefField,
        after: z.coerce
          .number()
          .int()
          .min(0)
          .max(2 ** 31 - 1)
          .default(0),
      }),
      response: z.object({
        items: z.array(keyringSchema),
        more: z.boolean().meta({ description: 'There are others behind the last one.' }),
      }),
      async handle({ query }) {
        const { id } = await requireTenant(services, query.tenant);
        const found = await metadata.listKeyrings(id, query.after, KEYRINGS_PAGE_MAX + 1);
        const more = found.length > KEYRINGS_PAGE_MAX;
        return { items: found.slice(0, KEYRINGS_PAGE_MAX).map(modelOf), more };
      },
    }),
  ];
}

function modelOf({ createdAtMs, ...record }: KeyringRecord): z.input<typeof keyringSchema> {
  return { ...record, createdAt: isoTime(createdAtMs) };
}
