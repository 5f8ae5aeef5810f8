import { Fault } from '@sealgate/core/faults';
import { isWebhookName, webhookArn } from '@sealgate/core/notifications';
import type { DeadLetter, Webhook } from '@sealgate/core/ports';
import { z } from 'zod';
import { isSigningSecret, newSigningSecret } from '../../notifications/signature.ts';
import { checkWebhookHeaders, checkWebhookUrl } from '../../notifications/webhook-facts.ts';
import { changeTenant, lookAtTenant } from '../access.ts';
import { PAGE_ITEMS_MAX } from '../limits.ts';
import { isoTime, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const nameField = z
  .string()
  .refine(isWebhookName, 'has 1 to 63 small letters, digits, dots, hyphens or underscores')
  .meta({ description: 'Name of a webhook of the tenant.' });

const newWebhook = z.object({
  name: nameField,
  url: z
    .string()
    .min(1)
    .meta({ description: 'https://host/path; plain http only to private addresses that are allowed.' }),
  signed: z.boolean().default(true).meta({ description: 'Sign messages (Standard Webhooks, HMAC-SHA256).' }),
  secret: z
    .string()
    .refine(isSigningSecret, 'is whsec_ and the Base64 of 24 to 64 bytes')
    .optional()
    .meta({ description: 'The key that signs. Without one it is made here.' }),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Sent with every message, for example a token. Never shown again.' }),
});

const webhookSchema = z.object({
  name: z.string(),
  arn: z.string().meta({ description: 'What notification configurations of buckets name.' }),
  url: z.string(),
  signed: z.boolean(),
  headerNames: z.array(z.string()),
  waiting: z.number().meta({ description: 'Messages on their way.' }),
  dead: z.number().meta({ description: 'Messages that were given up.' }),
  createdAt: z.iso.datetime().nullable(),
});

const deadLetterSchema = z.object({
  id: z.string(),
  bucket: z.string(),
  key: z.string(),
  attempts: z.number(),
  reason: z.string().nullable().meta({ description: 'How the last try ended: HTTP and the status, or a fault.' }),
  message: z.string(),
  createdAt: z.iso.datetime().nullable(),
});

const tenantParams = z.object({ tenant: tenantRefField });
const params = z.object({ tenant: tenantRefField, webhook: nameField });

export function webhookRoutes(services: ControlServices): readonly Route[] {
  return [...ownRoutes(services), ...deadLetterRoutes(services)];
}

function ownRoutes(services: ControlServices): readonly Route[] {
  const { metadata, guard } = services;
  return [
    route({
      method: 'POST',
      path: '/admin/tenants/:tenant/webhooks',
      operationId: 'createWebhook',
      tag: 'webhooks',
      summary: 'Register a webhook that notifications of buckets may name',
      description: 'A key that was made here is in this answer and never shown again; a given one is not repeated.',
      access: changeTenant,
      status: 201,
      params: tenantParams,
      body: newWebhook,
      response: webhookSchema.extend({ secret: z.string().optional() }),
      async handle({ params: { tenant }, body }, { actor }) {
        const { id: tenantId } = await requireTenant(services, tenant);
        const { name, signed, secret: given } = body;
        if (!signed && given !== undefined) {
          throw new Fault('ValidationFailed', 'A webhook whose messages are not signed has no "secret".');
        }
        const url = await checkWebhookUrl(body.url, guard);
        const headers = checkWebhookHeaders(body.headers);
        const secret = signed ? (given ?? newSigningSecret()) : null;
        const made = await metadata.createWebhook({ tenantId, name, url, secret, headers }, actor);
        const shown = signed && given === undefined && secret !== null ? { secret } : {};
        return { ...webhookModel(made), ...shown };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/webhooks',
      operationId: 'listWebhooks',
      tag: 'webhooks',
      summary: 'List the webhooks of a tenant, with what waits for them',
      access: lookAtTenant,
      status: 200,
      params: tenantParams,
      query: pageQuery,
      response: pageSchema(webhookSchema),
      async handle({ params: { tenant }, query }) {
        const { id } = await requireTenant(services, tenant);
        const page = pageOf(await metadata.listWebhooks(id), ({ name }) => name, query);
        return { items: page.items.map(webhookModel), next: page.next };
      },
    }),
    route({
      method: 'DELETE',
      path: '/admin/tenants/:tenant/webhooks/:webhook',
      operationId: 'deleteWebhook',
      tag: 'webhooks',
      summary: 'Remove a webhook with the messages that it has not got',
      description: 'Refused while notifications of a bucket name it.',
      access: changeTenant,
      status: 204,
      params,
      async handle(input, { actor }) {
        const { id } = await requireTenant(services, input.params.tenant);
        await metadata.deleteWebhook(id, input.params.webhook, actor);
      },
    }),
  ];
}

function deadLetterRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/webhooks/:webhook/dead-letters',
      operationId: 'listDeadLetters',
      tag: 'webhooks',
      summary: 'Messages that were given up, the oldest first',
      access: lookAtTenant,
      status: 200,
      params,
      query: pageQuery,
      response: pageSchema(deadLetterSchema),
      async handle({ params: { tenant, webhook }, query }) {
        const { id } = await requireTenant(services, tenant);
        const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
        const page = await metadata.deadLetters(id, webhook, { cursor, limit: query.limit });
        return { items: page.items.map(deadLetterModel), next: page.next === null ? null : encodeCursor(page.next) };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/tenants/:tenant/webhooks/:webhook/redrive',
      operationId: 'redriveDeadLetters',
      tag: 'webhooks',
      summary: 'Send dead letters again, the oldest first',
      access: changeTenant,
      status: 200,
      params,
      body: z.object({ limit: z.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS_MAX) }),
      response: z.object({ redriven: z.number() }),
      async handle({ params: { tenant, webhook }, body }, { actor }) {
        const { id } = await requireTenant(services, tenant);
        return { redriven: await metadata.redriveDeadLetters(id, webhook, { limit: body.limit, actor }) };
      },
    }),
  ];
}

function webhookModel(webhook: Webhook): z.input<typeof webhookSchema> {
  const { name, url, signed, waiting, dead } = webhook;
  const shown = { name, arn: webhookArn(name), url, signed, waiting, dead };
  return { ...shown, headerNames: [...webhook.headerNames], createdAt: isoTime(webhook.createdAtMs) };
}

function deadLetterModel({ createdAtMs, ...letter }: DeadLetter): z.input<typeof deadLetterSchema> {
  return { ...letter, createdAt: isoTime(createdAtMs) };
}
