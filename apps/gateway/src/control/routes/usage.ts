import { Fault } from '@sealgate/core/faults';
import type { UsageRow } from '@sealgate/core/ports';
import { z } from 'zod';
import { lookAtTenant, tenantLooks } from '../access.ts';
import { USAGE_DAYS_MAX, USAGE_PARTS_MAX } from '../limits.ts';
import { tenantQuotasSchema, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

const question = z.object({
  tenant: tenantRefField
    .optional()
    .meta({ description: 'Name or id of a tenant; without it all that the caller may see.' }),
  from: z.iso
    .datetime()
    .optional()
    .meta({ description: 'Whole hours from this time; a day before the end unless given.' }),
  to: z.iso.datetime().optional().meta({ description: 'The hours before this time; now unless given.' }),
  by: z.enum(['tenant', 'bucket', 'class', 'backend']).default('tenant'),
});

const amount = z.number();
const answerSchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  items: z.array(
    z.object({
      tenant: z.string(),
      part: z.string().nullable().meta({ description: 'The bucket, class or backend; null: none, or by tenant.' }),
      storedByteHours: amount.meta({ description: 'Of all versions, as the tenant counts them.' }),
      placedByteHours: amount.meta({ description: 'Of all copies and shards on backends, sampled once an hour.' }),
      requests: amount,
      bytesIn: amount,
      bytesOut: amount,
    }),
  ),
});
type Item = z.input<typeof answerSchema>['items'][number];

export function usageRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/usage',
      operationId: 'getUsage',
      tag: 'usage',
      summary: 'What tenants stored and moved, by tenant, bucket, class or backend',
      description: 'The newest seconds are missing: usage is appended and folded.',
      access: tenantLooks({ in: 'query', name: 'tenant' }),
      status: 200,
      query: question,
      response: answerSchema,
      async handle({ query }) {
        const { fromMs, untilMs } = spanOf(query, services.clock.now());
        const tenantId = query.tenant === undefined ? undefined : (await requireTenant(services, query.tenant)).id;
        const wanted = { fromMs, untilMs, tenantId, by: query.by, limit: USAGE_PARTS_MAX + 1 };
        const rows = await metadata.usage(wanted);
        if (rows.length > USAGE_PARTS_MAX) {
          throw new Fault('ValidationFailed', 'That are too many lines. Ask for one tenant, or by fewer parts.');
        }
        const span = { from: new Date(fromMs).toISOString(), to: new Date(untilMs).toISOString() };
        return { ...span, items: itemsOf(rows) };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/quota',
      operationId: 'getQuota',
      tag: 'usage',
      summary: 'What a tenant may have and has',
      access: lookAtTenant,
      status: 200,
      params: z.object({ tenant: tenantRefField }),
      response: z.object({
        quotas: tenantQuotasSchema,
        stored: z.object({ bytes: z.number(), objects: z.number() }),
      }),
      async handle({ params }) {
        const { id, quotas } = await requireTenant(services, params.tenant);
        const { bytes, versions } = await metadata.tenantStored(id);
        return { quotas, stored: { bytes, objects: versions } };
      },
    }),
  ];
}

/** @throws Fault ValidationFailed */
function spanOf({ from, to }: z.output<typeof question>, nowMs: number) {
  const untilMs = to === undefined ? nowMs : Date.parse(to);
  const fromMs = from === undefined ? untilMs - DAY_MS : Date.parse(from);
  if (fromMs >= untilMs) throw new Fault('ValidationFailed', '"from" is not before "to".');
  if (untilMs - fromMs > USAGE_DAYS_MAX * DAY_MS) {
    throw new Fault('ValidationFailed', `Ask for at most ${USAGE_DAYS_MAX} days at a time.`);
  }
  return { fromMs, untilMs };
}

function itemsOf(rows: readonly UsageRow[]): Item[] {
  const items = new Map<string, Item>();
  for (const { tenant, part, metric, amount: sum } of rows) {
    const name = JSON.stringify([tenant, part]);
    const none = { storedByteHours: 0, placedByteHours: 0, requests: 0, bytesIn: 0, bytesOut: 0 };
    const item = items.get(name) ?? { tenant, part, ...none };
    const hours = metric === 'stored' || metric === 'placed';
    items.set(name, { ...item, [MEMBERS[metric]]: hours ? (sum * 1000) / HOUR_MS : sum });
  }
  return [...items.values()];
}

const MEMBERS = {
  stored: 'storedByteHours',
  placed: 'placedByteHours',
  requests: 'requests',
  in: 'bytesIn',
  out: 'bytesOut',
} as const;
