import { entryLine } from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import type { SequencedEntry } from '@sealgate/core/ports';
import { auditActions } from '@sealgate/metadata';
import { z } from 'zod';
import { lookAtAudit } from '../access.ts';
import { bucketNameField, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

/** Lines of one answer: an entry has 300 bytes on average, and at most 8 KiB. */
const ENTRIES_MAX = 1000;

const actionNames = new Map(Object.entries(auditActions).map(([name, number]) => [number as number, name]));

const entrySchema = z.object({
  leaf: z.number().meta({ description: 'Place in the hash tree, from 0.' }),
  seq: z.number().meta({ description: 'Number of the change.' }),
  at: z.string(),
  actor: z.string(),
  action: z.string().meta({ description: 'Name of the action; its number when this release has no name for it.' }),
  tenant: z.string().nullable(),
  bucket: z.string().nullable(),
  key: z.string().nullable(),
  requestId: z.string(),
  remoteAddress: z.string().nullable(),
  blob: z.string().nullable(),
  replicas: z.array(z.object({ backend: z.string(), shard: z.number(), state: z.string().optional() })).nullable(),
  bytesDelta: z.number().nullable(),
  detail: z.record(z.string(), z.unknown()).nullable(),
});

const searchQuery = pageQuery.extend({
  first: z.coerce.number().int().min(0).optional().meta({ description: 'Not before this leaf.' }),
  tenant: tenantRefField.optional(),
  bucket: bucketNameField.optional(),
  key: z.string().optional(),
  actor: z.string().optional().meta({ description: 'For example `tenant:<access key>` or `admin:admin-key`.' }),
  action: z.string().optional().meta({ description: 'Name or number; several with commas.' }),
  requestId: z.string().optional(),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not before this time.' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not after this time.' }),
});

export function auditRoutes(services: ControlServices): readonly Route[] {
  return [searchRoute(services), ...exportRoutes(services)];
}

function searchRoute(services: ControlServices): Route {
  return route({
    method: 'GET',
    path: '/admin/audit',
    operationId: 'searchAudit',
    tag: 'audit',
    summary: 'Entries of the audit log, the newest first',
    description:
      'An entry is shown once it has its place in the hash tree, a moment after its commit. A page may be short, or empty, and yet have a next one.',
    access: { ...lookAtAudit, tenant: { in: 'query', name: 'tenant' } },
    status: 200,
    query: searchQuery,
    response: pageSchema(entrySchema).extend({
      end: z
        .number()
        .meta({ description: 'What came later has this leaf or a higher one: `first` of whoever goes on.' }),
    }),
    async handle({ query }) {
      const { store } = services.audit;
      const tenant = query.tenant === undefined ? undefined : await requireTenant(services, query.tenant);
      const bucketIds =
        query.bucket === undefined
          ? undefined
          : (await store.bucketsNamed(tenant?.id ?? null, query.bucket)).map(({ id }) => id);
      const page = await store.search(
        {
          tenantId: tenant?.id,
          bucketIds,
          key: query.key,
          actor: query.actor,
          actions: query.action?.split(',').map(actionNumber),
          requestId: query.requestId,
          fromMs: timeOf(query.from),
          toMs: timeOf(query.to),
        },
        {
          first: query.first,
          below: query.cursor === undefined ? null : leafOf(decodeCursor(query.cursor)),
          limit: query.limit,
        },
      );
      const items = await entryModels(services, page.items);
      return { items, next: page.next === null ? null : encodeCursor(String(page.next)), end: page.end };
    },
  });
}

function exportRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/audit/range',
      operationId: 'findAuditRange',
      tag: 'audit',
      summary: 'Which leaves are of a span of time, give or take what was under way at its ends',
      access: lookAtAudit,
      status: 200,
      query: searchQuery.pick({ from: true, to: true }),
      response: z.object({ first: z.number(), end: z.number().meta({ description: 'Behind the last one.' }) }),
      async handle({ query }) {
        const { store } = services.audit;
        const [from, to] = [timeOf(query.from), timeOf(query.to)];
        const first = from === undefined ? 0 : await store.leafAt(from);
        return { first, end: to === undefined ? (await store.edge()).size : await store.leafAt(to) };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/audit/entries',
      operationId: 'readAuditEntries',
      tag: 'audit',
      summary: 'Entries in the order of their leaves, each as the line that its leaf is the hash of',
      access: lookAtAudit,
      status: 200,
      query: z.object({
        first: z.coerce.number().int().min(0).default(0).meta({ description: 'The first leaf.' }),
        limit: z.coerce.number().int().min(1).max(ENTRIES_MAX).default(ENTRIES_MAX),
      }),
      response: z.object({
        items: z.array(z.object({ leaf: z.number(), hash: z.string(), line: z.string() })),
      }),
      async handle({ query }) {
        const entries = await services.audit.store.entries(query.first, query.limit);
        return {
          items: entries.map(({ leaf, hash, entry }) => ({ leaf, hash: base64(hash), line: entryLine(entry) })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/audit/requests/:digest',
      operationId: 'readAuditRequests',
      tag: 'audit',
      summary: 'The records of requests that an entry vouches for by their digest',
      access: lookAtAudit,
      status: 200,
      params: z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/, 'has 64 hexadecimal digits') }),
      response: z.object({
        lines: z.string().nullable().meta({ description: 'One JSON object a line; null: not there.' }),
        removedBefore: z.number().meta({ description: 'Records of entries before this leaf may have been removed.' }),
      }),
      async handle({ params: { digest } }) {
        const { store } = services.audit;
        const lines = (await store.requests([digest])).get(digest);
        const removedBefore = await store.requestsRemovedBefore();
        if (lines === undefined && removedBefore === 0)
          throw new Fault('NotFound', 'There are no records of this digest.');
        return { lines: lines ?? null, removedBefore };
      },
    }),
  ];
}

async function entryModels(
  { audit }: ControlServices,
  found: readonly SequencedEntry[],
): Promise<z.input<typeof entrySchema>[]> {
  const ids = new Set(found.flatMap(({ entry }) => (entry.bucket === undefined ? [] : [entry.bucket])));
  const names = await audit.store.bucketNames([...ids]);
  return found.map(({ leaf, entry }) => {
    const bucket = entry.bucket === undefined ? undefined : names.get(entry.bucket);
    return {
      leaf,
      seq: entry.seq,
      at: entry.at,
      actor: entry.actor,
      action: actionNames.get(entry.action) ?? String(entry.action),
      tenant: bucket?.tenant ?? null,
      bucket: bucket?.name ?? null,
      key: entry.key ?? null,
      requestId: entry.requestId,
      remoteAddress: entry.remoteAddress ?? null,
      blob: entry.blob ?? null,
      replicas: entry.replicas?.map((replica) => ({ ...replica })) ?? null,
      bytesDelta: entry.bytesDelta ?? null,
      detail: entry.detail === undefined ? null : { ...entry.detail },
    };
  });
}

/** @throws Fault ValidationFailed */
function actionNumber(text: string): number {
  const known = Object.entries(auditActions).find(([name]) => name === text)?.[1];
  const number = known ?? (/^\d{1,4}$/.test(text) ? Number(text) : undefined);
  if (number === undefined) {
    throw new Fault(
      'ValidationFailed',
      `There is no action "${text}". One of: ${Object.keys(auditActions).join(', ')}.`,
    );
  }
  return number;
}

/** @throws Fault ValidationFailed */
function leafOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Fault('ValidationFailed', 'The cursor is not one that a page gave.');
  return Number(text);
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
