import { Fault } from '@sealgate/core/faults';
import { reachOf } from '@sealgate/core/federation';
import type { Backend, BackendUsageMetric, UsageMetric, UsageRow } from '@sealgate/core/ports';
import { z } from 'zod';
import { type BackendUse, estimateCost } from '../../usage/backend-cost.ts';
import { type ControlCaller, lookAtGateway, lookAtTenant, tenantLooks } from '../access.ts';
import { USAGE_DAYS_MAX, USAGE_PARTS_MAX } from '../limits.ts';
import { backendIdField, tenantQuotasSchema, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

const question = z.object({
  tenant: tenantRefField
    .optional()
    .meta({ description: 'Name or id of a tenant; without it all that the caller may see.' }),
  from: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Whole hours from this time; a day before the end unless given.' }),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'The hours before this time; now unless given.' }),
  by: z.enum(['tenant', 'bucket', 'class', 'backend']).default('tenant').meta({
    description: '`backend` is for operators and viewers of the whole gateway.',
  }),
  backend: backendIdField
    .optional()
    .meta({ description: 'Only what this backend has and did; for operators and viewers of the whole gateway.' }),
  tenants: z
    .enum(['each', 'together'])
    .default('each')
    .meta({ description: '`together`: one line for each part, over all tenants that are asked for and nobody.' }),
  class: z.string().min(1).max(63).optional().meta({ description: 'Only of objects in this redundancy class.' }),
});

const amount = z.number();
const money = amount.nullable().meta({ description: 'Null: the price is not known.' });
const answerSchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  items: z.array(
    z.object({
      tenant: z.string().nullable().meta({
        description:
          'Null: of all together, or nobody’s, such as pings, backups of the metadata and the removal of buckets.',
      }),
      part: z.string().nullable().meta({ description: 'The bucket, class or backend; null: none, or by tenant.' }),
      storedByteHours: amount.meta({ description: 'Of all versions, as the tenant counts them.' }),
      placedByteHours: amount.meta({ description: 'Of all copies and shards on backends, sampled once an hour.' }),
      requests: amount,
      bytesIn: amount,
      bytesOut: amount,
      backends: z
        .object({
          puts: amount.meta({ description: 'Calls that write: of blobs, buckets and locks.' }),
          gets: amount.meta({ description: 'Calls that read, of sizes too.' }),
          lists: amount,
          deletes: amount,
          bytesSent: amount.meta({ description: 'Of puts that were acknowledged.' }),
          bytesReceived: amount.meta({ description: 'What providers bill as egress.' }),
        })
        .optional()
        .meta({ description: 'What backends were asked for; for operators and viewers of the whole gateway.' }),
      cost: z
        .object({ currency: z.string(), storage: money, egress: money, requests: money })
        .nullable()
        .optional()
        .meta({
          description:
            'By backend only: what that comes to by the prices of the backend as they are now; null: it has none. An estimate.',
        }),
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
      async handle({ query }, { caller }) {
        const ofGateway = looksAtGateway(caller);
        if (!ofGateway && (query.by === 'backend' || query.backend !== undefined)) {
          throw new Fault('AccessDenied', 'Usage by backend is for operators and viewers of the whole gateway.');
        }
        const { fromMs, untilMs } = spanOf(query, services.clock.now());
        const tenantId = query.tenant === undefined ? undefined : (await requireTenant(services, query.tenant)).id;
        const { by, backend, class: redundancyClass } = query;
        const together = query.tenants === 'together';
        const only = { tenantId, backend, redundancyClass };
        const wanted = { fromMs, untilMs, ...only, by, together, limit: USAGE_PARTS_MAX + 1 };
        const rows = await metadata.usage(wanted);
        if (rows.length > USAGE_PARTS_MAX) {
          throw new Fault('ValidationFailed', 'That are too many lines. Ask for one tenant, or by fewer parts.');
        }
        const span = { from: new Date(fromMs).toISOString(), to: new Date(untilMs).toISOString() };
        const items = ofGateway ? itemsOf(rows) : itemsOf(rows).map(withoutBackends);
        return { ...span, items: by === 'backend' ? withCosts(items, await metadata.listBackends()) : items };
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

/** What the gateway asks of backends for a tenant is no business of that tenant's. */
function looksAtGateway(caller: ControlCaller | undefined): boolean {
  return caller !== undefined && reachOf(lookAtGateway.roles, caller.grants) === 'all';
}

const NO_CALLS = { puts: 0, gets: 0, lists: 0, deletes: 0, bytesSent: 0, bytesReceived: 0 };
const NOTHING = { storedByteHours: 0, placedByteHours: 0, requests: 0, bytesIn: 0, bytesOut: 0 };
interface GatewayItem extends Item {
  readonly backends: BackendUse;
}

function itemsOf(rows: readonly UsageRow[]): GatewayItem[] {
  const items = new Map<string, GatewayItem>();
  for (const { tenant, part, metric, amount: sum } of rows) {
    const name = JSON.stringify([tenant, part]);
    const item = items.get(name) ?? { tenant, part, ...NOTHING, backends: NO_CALLS };
    items.set(name, { ...item, ...memberOf(item, metric, sum) });
  }
  return [...items.values()];
}

function memberOf({ backends }: GatewayItem, metric: UsageMetric, sum: number): Partial<GatewayItem> {
  if (isOfBackends(metric)) return { backends: { ...backends, [BACKEND_MEMBERS[metric]]: sum } };
  const hours = metric === 'stored' || metric === 'placed';
  return { [MEMBERS[metric]]: hours ? (sum * 1000) / HOUR_MS : sum };
}

function withoutBackends({ backends: _, ...item }: GatewayItem): Item {
  return item;
}

function withCosts(items: readonly Item[], backends: readonly Pick<Backend, 'id' | 'prices'>[]): Item[] {
  const prices = new Map<string, Backend['prices']>(backends.map(({ id, prices: told }) => [id, told]));
  return items.map((item) => ({
    ...item,
    cost: estimateCost(
      { ...NO_CALLS, ...item.backends, placedByteHours: item.placedByteHours },
      prices.get(item.part ?? ''),
    ),
  }));
}

function isOfBackends(metric: UsageMetric): metric is BackendUsageMetric {
  return Object.hasOwn(BACKEND_MEMBERS, metric);
}

const MEMBERS = {
  stored: 'storedByteHours',
  placed: 'placedByteHours',
  requests: 'requests',
  in: 'bytesIn',
  out: 'bytesOut',
} as const satisfies Record<Exclude<UsageMetric, BackendUsageMetric>, keyof Item>;

const BACKEND_MEMBERS = {
  puts: 'puts',
  gets: 'gets',
  lists: 'lists',
  deletes: 'deletes',
  sent: 'bytesSent',
  received: 'bytesReceived',
} as const satisfies Record<BackendUsageMetric, keyof BackendUse>;
