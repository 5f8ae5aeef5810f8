import { Fault } from '@sealgate/core/faults';
import { type BackendId, parseBackendId, parseBlobId } from '@sealgate/core/names';
import { RESIDENCY_TAG } from '@sealgate/core/policy';
import type { ObjectVersion } from '@sealgate/core/ports';
import type { DirectResult } from '@sealgate/engine';
import { z } from 'zod';
import { tenantChanges, tenantLooks } from '../access.ts';
import {
  digestFields,
  envelopeFields,
  headersOf,
  keyText,
  manifestField,
  metadataField,
  tagsOf,
  VERSION_LABEL,
  wishFields,
} from '../direct/description.ts';
import { type DirectObject, requireObject, versionOf } from '../direct/terms.ts';
import { COMMIT_PATIENCE_MS, JOB_TARGETS_MAX, PAGE_ITEMS_DEFAULT, REGISTERED_PAGE_MAX } from '../limits.ts';
import { backendIdField, bucketNameField, isoTime, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';

const placeSchema = z.object({
  url: z
    .string()
    .max(1200)
    .meta({
      description: 's3://physical-bucket[/key]; the key is object_key when left out. Of a plan it need not be said.',
    })
    .optional(),
  etag: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'What the backend answered; held against what lies there.' }),
});

const registration = z.object({
  tenant: tenantRefField.optional().meta({ description: 'Absent: the first part of object_key.' }),
  bucket: bucketNameField.optional().meta({ description: 'Absent: the second part of object_key.' }),
  object_key: z.string().min(1).max(1300).meta({ description: 'Key in the bucket, or tenant/bucket/key.' }),
  plan: z.string().max(64).optional().meta({ description: 'Of an upload that was planned.' }),
  version: z
    .string()
    .regex(/^[\x20-\x7e]{1,128}$/)
    .optional()
    .meta({ description: "The client's own name of it." }),
  backends: z.record(z.string().max(64), placeSchema).optional(),
  ...digestFields,
  ...envelopeFields,
  ...wishFields,
  content_type: z
    .string()
    .max(255)
    .regex(/^[\x20-\x7e]*$/)
    .optional(),
  metadata: metadataField.optional(),
  manifest: manifestField.optional(),
  if_none_match: z.literal('*').optional().meta({ description: 'Refuse to replace what is there.' }),
  targets: z
    .array(backendIdField)
    .max(JOB_TARGETS_MAX)
    .optional()
    .meta({ description: 'Further backends: a replication job is made in the same transaction.' }),
  encryption_required: z.boolean().default(false).meta({ description: 'Refuse what was not sealed by its client.' }),
});

const replicaSchema = z.object({ backend: z.string(), state: z.enum(['stored', 'pending', 'missing', 'leaving']) });

const registeredSchema = z.object({
  tenant: z.string(),
  bucket: z.string(),
  object_key: z.string(),
  version_id: z.string(),
  plan: z.string(),
  etag: z.string().nullable().meta({ description: 'Null in the answer to a commit that is repeated.' }),
  bytes: z.number(),
  class: z.string(),
  verdict: z.string().nullable(),
  verified_on: z.array(z.string()).meta({ description: 'Backends whose copies were read, or proved by their digest.' }),
  replicas: z.array(replicaSchema),
  job: z.string().nullable().meta({ description: 'The replication to `targets` (GET /proxy/jobs/{job}).' }),
});

const listedSchema = z
  .object({
    object_key: z.string(),
    version_id: z.string(),
    version: z.string().nullable(),
    bytes: z.number(),
    etag: z.string(),
    modified_at: z.iso.datetime().nullable(),
    class: z.string(),
    verdict: z.string().nullable(),
    encrypted_key: z.string().nullable(),
    key_id: z.string().nullable(),
    key_alg: z.string().nullable(),
    key_version: z.number().nullable(),
    encryption_alg: z.string().nullable(),
    replica_count: z.number().nullable().meta({ description: 'Verified copies; null for an object of several parts.' }),
    residency: z.string().nullable().meta({ description: 'The wish that it came with.' }),
    backends: z.record(
      z.string(),
      z.object({ url: z.string().nullable(), state: replicaSchema.shape.state, shard: z.number() }),
    ),
  })
  .meta({ description: 'The current version of an object, where it is, and its envelope.' });

export function registeredObjectRoutes(services: ControlServices): readonly Route[] {
  return [registerRoute(services), listRoute(services)];
}

function registerRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/proxy/objects',
    operationId: 'registerObject',
    tag: 'direct uploads',
    summary: 'Register an object that was uploaded past the gateway',
    description:
      "What landed is read and verified before anybody sees it: its size, its digests, its seal as the bucket's mode wants, and that the class's ack rule holds over the copies that are there. With `plan`: the upload that was planned; committing it again gives the same version. Without: an object that you put with keys of your own into the bucket's physical buckets (GET /proxy/buckets/{tenant}/{bucket}); the gateway takes a copy of it there.",
    access: tenantChanges({ in: 'body', name: 'tenant' }),
    patienceMs: COMMIT_PATIENCE_MS,
    status: 201,
    body: registration,
    response: registeredSchema,
    async handle({ body }, context) {
      const object = await requireObject(services, body);
      const { plan, backends } = body;
      const tags = tagsOf(body);
      const version = await versionOf(services, object, {
        ...body,
        headers: headersOf(body),
        told: { md5: body.md5 ?? null, sha256: body.sha256 ?? null },
        ifNoneMatch: body.if_none_match !== undefined,
        tags,
        targets: body.targets ?? [],
        encryptionRequired: body.encryption_required,
        context,
      });
      if (plan !== undefined) {
        const blobId = parseBlobId(plan);
        const claims = backends === undefined ? null : plannedClaims(backends, blobId);
        const wished = { tags, requestedClass: body.class };
        return registeredModel(object, await services.engine.commitUploaded({ ...version, ...wished, blobId, claims }));
      }
      const sources = ownSources(backends ?? {}, object);
      const adopted = { ...version, sources, requestedClass: body.class, tags };
      return registeredModel(object, await services.engine.adoptObject(adopted));
    },
  });
}

type Places = NonNullable<z.output<typeof registration>['backends']>;

/** @throws Fault ValidationFailed when a url is another place than the plan's */
function plannedClaims(places: Places, blobId: string): ReadonlyMap<BackendId, string | null> {
  const claims = new Map<BackendId, string | null>();
  for (const [id, { url, etag = null }] of Object.entries(places)) {
    if (url !== undefined) {
      const { key } = placeOf(url, '');
      // Which bucket it is the plan knows; the gateway looks nowhere else, whatever is said here.
      if (key !== '' && key !== `b/${blobId}.0`)
        throw new Fault('InvalidRequest', `The url of "${id}" is not the plan's.`);
    }
    claims.set(parseBackendId(id), etag);
  }
  return claims;
}

function ownSources(places: Places, { key }: DirectObject) {
  const sources = Object.entries(places).map(([id, { url, etag = null }]) => {
    if (url === undefined) throw new Fault('ValidationFailed', `Say where the object is on "${id}": "url" is missing.`);
    return { backend: parseBackendId(id), etag, ...placeOf(url, key) };
  });
  if (sources.length > 0) return sources;
  throw new Fault('ValidationFailed', 'Name a plan, or the backends that the object was put to.');
}

/** Only ever compared with what is known: nothing is fetched from a place that a client names. */
function placeOf(url: string, key: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\x21-\x7e]{0,1024}))?$/.exec(url) ?? [];
  if (bucket === undefined)
    throw new Fault('ValidationFailed', 'A url is s3://physical-bucket or s3://physical-bucket/key.');
  return { bucket, key: path === undefined || path === '' ? key : path };
}

function registeredModel({ bucket, key }: DirectObject, result: DirectResult): z.input<typeof registeredSchema> {
  return {
    tenant: bucket.tenantName,
    bucket: bucket.name,
    object_key: key,
    version_id: result.versionId,
    plan: result.blobId,
    etag: result.etag,
    bytes: result.bytes,
    class: result.redundancyClass,
    verdict: result.verdict,
    verified_on: [...result.ackedBy],
    replicas: result.replicas.map(({ backend, state }) => ({ backend, state })),
    job: result.jobId,
  };
}

function listRoute(services: ControlServices): Route {
  const { metadata } = services;
  return route({
    method: 'GET',
    path: '/proxy/objects/:tenant/:bucket',
    operationId: 'listRegisteredObjects',
    tag: 'direct uploads',
    summary: "List a bucket's objects with their envelopes and where their copies are",
    access: tenantLooks({ in: 'path', name: 'tenant' }),
    status: 200,
    params: z.object({ tenant: tenantRefField, bucket: bucketNameField }),
    query: pageQuery.extend({
      prefix: keyText.optional(),
      limit: z.coerce.number().int().min(1).max(REGISTERED_PAGE_MAX).default(PAGE_ITEMS_DEFAULT),
    }),
    response: pageSchema(listedSchema),
    async handle({ params, query }) {
      const bucket = await requireBucket(services, params.tenant, params.bucket);
      const after = query.cursor === undefined ? '' : decodeCursor(query.cursor);
      const asked = { prefix: query.prefix ?? '', delimiter: '', after, limit: query.limit };
      const page = await metadata.listObjects({ bucketId: bucket.id, ...asked });
      const physical = await metadata.physicalBuckets(bucket.id);
      // What was removed meanwhile is left out.
      const found = await Promise.all(page.objects.map(({ key }) => metadata.currentVersion(bucket.id, key)));
      const shown = found.flatMap((version) => (version === undefined || version.deleteMarker ? [] : [version]));
      const next = page.truncated && page.next !== null ? encodeCursor(page.next) : null;
      return { items: shown.map((version) => listedModel(version, physical)), next };
    },
  });
}

function listedModel(version: ObjectVersion, physical: ReadonlyMap<BackendId, string>): z.input<typeof listedSchema> {
  const { envelope, blob, tags, headers } = version;
  const replicas = blob?.replicas ?? [];
  const stored = replicas.filter(({ state }) => state === 'stored').length;
  const placed = replicas.map(({ backend, shard, state }) => {
    const bucket = physical.get(backend);
    return [backend, { url: bucket === undefined ? null : `s3://${bucket}/b/${blob?.blobId}.${shard}`, state, shard }];
  });
  return {
    object_key: version.key,
    version_id: version.versionId,
    version: headers.user?.[VERSION_LABEL] ?? null,
    bytes: version.bytes,
    etag: version.etag,
    modified_at: isoTime(version.modifiedAtMs),
    class: version.redundancyClass,
    verdict: version.verdict,
    encrypted_key: envelope?.encryptedKey ?? null,
    key_id: envelope?.keyId ?? null,
    key_alg: envelope?.keyAlg ?? null,
    key_version: envelope?.keyVersion ?? null,
    encryption_alg: envelope?.encryptionAlg ?? null,
    replica_count: blob === null ? null : stored,
    residency: tags?.[RESIDENCY_TAG] ?? null,
    backends: Object.fromEntries(placed) as z.input<typeof listedSchema>['backends'],
  };
}
