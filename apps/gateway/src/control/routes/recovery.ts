import { Fault } from '@sealgate/core/faults';
import type { RecoveryKey, RecoveryStatus } from '@sealgate/core/ports';
import { readManifestPosition } from '@sealgate/engine';
import { documentRecipient } from '@sealgate/engine/documents';
import { z } from 'zod';
import { lookAtGateway, tenantChanges, tenantLooks } from '../access.ts';
import { bucketNameField, isoTime, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket, requireTenant } from '../services.ts';

const newKey = z.object({
  tenant: tenantRefField,
  jwk: z.record(z.string(), z.unknown()).meta({ description: 'Public JWK: RSA, P-256, P-384 or X25519.' }),
  label: z.string().max(128).nullable().default(null),
});

const keySchema = z.object({
  keyId: z.string().meta({ description: 'RFC 9278 URI of the key’s thumbprint.' }),
  label: z.string().nullable(),
  createdAt: z.iso.datetime().nullable(),
});

const statusSchema = z.object({
  tenant: z.string(),
  bucket: z.string(),
  readableBy: z.enum(['owner', 'operator', 'nobody']).meta({
    description: 'Whose private keys open what lies on backends now. nobody: nothing was written yet, or no key.',
  }),
  ownerKeys: z.number().meta({ description: 'Recovery keys of the tenant.' }),
  writtenAt: z.iso.datetime().nullable().meta({ description: 'When the newest document was written.' }),
  through: z.string().nullable().meta({ description: 'Number of the audit log up to which changes are in it.' }),
  documents: z.number(),
  backends: z.array(z.string()),
  staleOn: z.array(z.string()).meta({ description: 'Backends from which older documents are still to be removed.' }),
  requested: z.boolean().meta({ description: 'A new base is to be written.' }),
});

export function recoveryRoutes(services: ControlServices): readonly Route[] {
  return [...keyRoutes(services), ...manifestRoutes(services)];
}

function keyRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'POST',
      path: '/proxy/recovery-keys',
      operationId: 'addRecoveryKey',
      tag: 'recovery',
      summary: 'Register a public key that recovery manifests of the tenant are sealed to',
      description:
        'Manifests of all its buckets are written anew, sealed to all its keys. The same key again changes its label.',
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 201,
      body: newKey,
      response: keySchema,
      async handle({ body }, { actor }) {
        const { id: tenantId } = await requireTenant(services, body.tenant);
        const { keyId, jwk } = await documentRecipient(body.jwk);
        const key = { tenantId, keyId, jwk: JSON.stringify(jwk), label: body.label };
        return keyModel(await metadata.addRecoveryKey(key, actor));
      },
    }),
    route({
      method: 'GET',
      path: '/proxy/recovery-keys',
      operationId: 'listRecoveryKeys',
      tag: 'recovery',
      summary: 'List the recovery keys of a tenant',
      access: tenantLooks({ in: 'query', name: 'tenant' }),
      status: 200,
      query: pageQuery.extend({ tenant: tenantRefField }),
      response: pageSchema(keySchema),
      async handle({ query }) {
        const { id } = await requireTenant(services, query.tenant);
        const page = pageOf(await metadata.listRecoveryKeys(id), ({ keyId }) => keyId, query);
        return { items: page.items.map(keyModel), next: page.next };
      },
    }),
    route({
      method: 'DELETE',
      path: '/proxy/recovery-keys/:keyId',
      operationId: 'deleteRecoveryKey',
      tag: 'recovery',
      summary: 'Remove a recovery key of a tenant',
      description: 'Manifests of all its buckets are written anew without it; the old ones go.',
      access: tenantChanges({ in: 'query', name: 'tenant' }),
      status: 204,
      params: z.object({ keyId: z.string().max(256) }),
      query: z.object({ tenant: tenantRefField }),
      async handle({ params, query }, { actor }) {
        const { id } = await requireTenant(services, query.tenant);
        await metadata.deleteRecoveryKey(id, params.keyId, actor);
      },
    }),
  ];
}

function manifestRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'POST',
      path: '/proxy/recovery-manifests',
      operationId: 'requestRecoveryManifests',
      tag: 'recovery',
      summary: 'Have recovery manifests written anew, of one bucket or all of a tenant',
      description:
        'After keys were rotated: the older documents, with the older wrapped keys in them, go from the backends.',
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 202,
      body: z.object({ tenant: tenantRefField, bucket: bucketNameField.optional() }),
      response: z.object({ requested: z.number().meta({ description: 'Buckets.' }) }),
      async handle({ body: { tenant, bucket } }, { actor }) {
        const scope =
          bucket === undefined
            ? { tenantId: (await requireTenant(services, tenant)).id }
            : { bucketId: (await requireBucket(services, tenant, bucket)).id };
        return { requested: await metadata.requestManifests(scope, actor) };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/recovery',
      operationId: 'listRecoveryStatus',
      tag: 'recovery',
      summary: 'For each bucket, whether it can be recovered from backends alone, and by whom',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(statusSchema),
      async handle({ query }) {
        const after = query.cursor === undefined ? 0 : bucketIdOf(query.cursor);
        const found = await metadata.recoveryStatus(after, query.limit + 1);
        const items = found.slice(0, query.limit);
        const last = items.at(-1);
        const more = found.length > items.length && last !== undefined;
        return { items: items.map(statusModel), next: more ? encodeCursor(String(last.bucketId)) : null };
      },
    }),
  ];
}

/** @throws Fault ValidationFailed */
function bucketIdOf(cursor: string): number {
  const id = Number(decodeCursor(cursor));
  if (Number.isInteger(id) && id >= 0 && id < 2 ** 31) return id;
  throw new Fault('ValidationFailed', 'The cursor is not one that a page gave.');
}

function keyModel({ keyId, label, createdAtMs }: RecoveryKey): z.input<typeof keySchema> {
  return { keyId, label, createdAt: isoTime(createdAtMs) };
}

function statusModel(status: RecoveryStatus): z.input<typeof statusSchema> {
  const { tenant, bucket, ownerKeys, requested } = status;
  const { chain, stale } = readManifestPosition(status.position);
  return {
    tenant,
    bucket,
    readableBy: chain?.readers ?? 'nobody',
    ownerKeys,
    writtenAt: chain === null ? null : isoTime(chain.writtenAtMs),
    through: chain?.through ?? null,
    documents: chain?.documents ?? 0,
    backends: [...(chain?.targets ?? [])],
    staleOn: [...stale],
    requested,
  };
}
