import { backendFacts } from '@sealgate/core/catalogue';
import { type SnapshotSource, SOURCE_BUCKET_CHARS_MAX } from '@sealgate/core/discovery';
import { Fault } from '@sealgate/core/faults';
import { type CallerRole, reachOf } from '@sealgate/core/federation';
import { KEY_BYTES_MAX } from '@sealgate/core/limits';
import type { Snapshot } from '@sealgate/core/ports';
import { z } from 'zod';
import { namedZone } from '../../catalogue/named-zone.ts';
import { tenantChanges } from '../access.ts';
import { SNAPSHOT_BUCKETS_NAMED_MAX, SNAPSHOT_PATIENCE_MS } from '../limits.ts';
import { tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, mapPage, pageQuery, pageSchema } from '../paging.ts';
import { type CallContext, type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';
import {
  snapshotBucketModel,
  snapshotBucketSchema,
  snapshotFileModel,
  snapshotFileSchema,
  snapshotModel,
  snapshotSchema,
} from '../snapshot-models.ts';

const LOOK: readonly CallerRole[] = ['operator', 'viewer', 'auditor', 'tenant'];
const CHANGE: readonly CallerRole[] = ['operator', 'tenant'];
const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'has 1 to 63 letters, digits, dots or hyphens');
/** What the database can hold. */
const storable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
/** What goes into a header as it is. */
const visible = /^[\x21-\x7e]+$/;

const newSnapshot = z.object({
  tenant: tenantRefField,
  zone: label.optional().meta({
    description: 'A zone of the provider catalogue (GET /providers): it fills in endpoint, region and addressing.',
  }),
  provider: label.optional(),
  endpoint: z.string().min(1).max(2048).optional().meta({
    description: 'https://host[:port]. Needed without a zone, and where the catalogue has a template.',
  }),
  region: label.optional().meta({ description: 'What requests to the source are signed for; us-east-1 unless given.' }),
  addressing: z.enum(['path', 'virtual']).optional(),
  credentials: z
    .object({
      accessKeyId: z.string().min(1).max(256).regex(visible, 'has visible ASCII characters only'),
      secretAccessKey: z.string().min(1).max(1024),
      sessionToken: z.string().min(1).max(8192).regex(visible, 'has visible ASCII characters only').optional(),
    })
    .meta({ description: 'Used for this one call and kept nowhere. Rights to list are enough.' }),
  buckets: z
    .array(z.string().min(1).max(SOURCE_BUCKET_CHARS_MAX))
    .min(1)
    .max(SNAPSHOT_BUCKETS_NAMED_MAX)
    .optional()
    .meta({ description: 'Absent: every bucket that the credentials may list.' }),
  prefix: z
    .string()
    .max(KEY_BYTES_MAX)
    .refine(storable, 'is no text that a key can begin with')
    .default('')
    .meta({ description: 'Of keys, in every bucket.' }),
  etags: z
    .boolean()
    .default(true)
    .meta({ description: 'Keep the ETags of files. They are mostly the MD5 of what is in them.' }),
});

const params = z.object({ snapshot: z.string().max(64).meta({ description: 'Id of a snapshot.' }) });
const wholeSchema = snapshotSchema.extend({ bucketList: z.array(snapshotBucketSchema) });

export function snapshotRoutes(services: ControlServices): readonly Route[] {
  return [createRoute(services), ...lookRoutes(services), filesRoute(services), deleteRoute(services)];
}

function createRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/snapshots',
    operationId: 'createSnapshot',
    tag: 'snapshots',
    summary: 'Look at storage that is to be brought in',
    description:
      'Lists buckets and files of any S3 storage, within bounds, and keeps what it saw. Nothing is read but names and settings, nothing is written there, and the credentials are forgotten with the call. Answers when the look is over; a client that goes away ends it, and nothing is kept.',
    access: tenantChanges({ in: 'body', name: 'tenant' }),
    status: 201,
    patienceMs: SNAPSHOT_PATIENCE_MS,
    body: newSnapshot,
    response: wholeSchema,
    async handle({ body }, context) {
      const { id: tenantId } = await requireTenant(services, body.tenant);
      const { accessKeyId, secretAccessKey, sessionToken } = body.credentials;
      const token = sessionToken === undefined ? {} : { sessionToken };
      const snapshot = await services.discovery.look(
        {
          tenantId,
          source: sourceOf(services, body),
          credentials: { accessKeyId, secretAccessKey, ...token },
          buckets: body.buckets,
          etags: body.etags,
          operates: reachOf(['operator'], context.caller?.grants ?? []) === 'all',
        },
        context,
      );
      return await whole(services, snapshot);
    },
  });
}

/** What the caller says, the rest as the catalogue has it. @throws Fault ValidationFailed when neither says where */
function sourceOf({ catalogue }: ControlServices, wanted: z.output<typeof newSnapshot>): SnapshotSource {
  const entry = namedZone(catalogue, wanted);
  const template = entry !== undefined && entry.endpointParameters.length > 0;
  const endpoint = wanted.endpoint ?? (template ? undefined : entry?.endpoint);
  if (endpoint === undefined) {
    const hint = template
      ? ` The catalogue's is ${entry.endpoint}: fill in ${entry.endpointParameters.join(', ')}.`
      : ' Or name a zone of the provider catalogue.';
    throw new Fault('ValidationFailed', `Say "endpoint".${hint}`);
  }
  const known = entry && backendFacts(entry);
  return {
    endpoint,
    region: wanted.region ?? known?.providerRegion ?? 'us-east-1',
    addressing: wanted.addressing ?? known?.addressing ?? 'path',
    provider: wanted.provider ?? known?.provider ?? null,
    zone: entry?.zone ?? null,
    prefix: wanted.prefix,
  };
}

function lookRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/snapshots',
      operationId: 'listSnapshots',
      tag: 'snapshots',
      summary: 'List snapshots, newest first',
      access: { roles: LOOK, tenant: { in: 'query', name: 'tenant' } },
      status: 200,
      query: pageQuery.extend({ tenant: tenantRefField.optional() }),
      response: pageSchema(snapshotSchema),
      async handle({ query }) {
        const tenantId = query.tenant === undefined ? null : (await requireTenant(services, query.tenant)).id;
        const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
        const page = await services.metadata.listSnapshots({ tenantId, cursor, limit: query.limit });
        const next = page.next === null ? null : encodeCursor(page.next);
        return mapPage({ items: page.items, next }, snapshotModel);
      },
    }),
    route({
      method: 'GET',
      path: '/snapshots/:snapshot',
      operationId: 'getSnapshot',
      tag: 'snapshots',
      summary: 'One snapshot with its buckets',
      access: { roles: LOOK, tenant: 'any' },
      status: 200,
      params,
      response: wholeSchema,
      handle: async (input, context) =>
        await whole(services, await requireSnapshot(services, input.params.snapshot, context, LOOK)),
    }),
  ];
}

function filesRoute(services: ControlServices): Route {
  return route({
    method: 'GET',
    path: '/snapshots/:snapshot/buckets/:bucket/files',
    operationId: 'listSnapshotFiles',
    tag: 'snapshots',
    summary: 'Files of a bucket of a snapshot, by key',
    access: { roles: LOOK, tenant: 'any' },
    status: 200,
    params: params.extend({
      bucket: z.string().max(SOURCE_BUCKET_CHARS_MAX).meta({ description: 'A bucket of the source.' }),
    }),
    query: pageQuery,
    response: pageSchema(snapshotFileSchema),
    async handle({ params: { snapshot, bucket }, query: { cursor, limit } }, context) {
      const { id } = await requireSnapshot(services, snapshot, context, LOOK);
      const after = cursor === undefined ? '' : decodeCursor(cursor);
      const found = await services.metadata.snapshotFiles({ id, bucket, after, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next = found.length > items.length && last !== undefined ? encodeCursor(last.key) : null;
      return mapPage({ items, next }, snapshotFileModel);
    },
  });
}

function deleteRoute(services: ControlServices): Route {
  return route({
    method: 'DELETE',
    path: '/snapshots/:snapshot',
    operationId: 'deleteSnapshot',
    tag: 'snapshots',
    summary: 'Delete a snapshot',
    access: { roles: CHANGE, tenant: 'any' },
    status: 204,
    params,
    async handle(input, context) {
      const { id } = await requireSnapshot(services, input.params.snapshot, context, CHANGE);
      await services.metadata.deleteSnapshot(id, context.actor);
    },
  });
}

async function whole(services: ControlServices, snapshot: Snapshot): Promise<z.input<typeof wholeSchema>> {
  const buckets = await services.metadata.snapshotBuckets(snapshot.id);
  return { ...snapshotModel(snapshot), bucketList: buckets.map(snapshotBucketModel) };
}

/** A snapshot of somebody else is not there. @throws Fault NotFound */
export async function requireSnapshot(
  { metadata }: ControlServices,
  id: string,
  { caller }: CallContext,
  roles: readonly CallerRole[],
): Promise<Snapshot> {
  const snapshot = await metadata.snapshot(id);
  const reach = reachOf(roles, caller?.grants ?? []);
  if (snapshot !== undefined && (reach === 'all' || reach.has(snapshot.tenant))) return snapshot;
  throw new Fault('NotFound', 'There is no such snapshot.');
}
