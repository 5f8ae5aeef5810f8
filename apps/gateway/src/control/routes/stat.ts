import { Fault } from '@sealgate/core/faults';
import { decodeVersionId, parseObjectKey, type VersionId } from '@sealgate/core/names';
import type { BlobRecord, ObjectVersion } from '@sealgate/core/ports';
import { z } from 'zod';
import { lookAtTenant } from '../access.ts';
import { bucketNameField, isoTime, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';

/** Segments of a multipart object whose replicas are told. */
const SEGMENTS_TOLD_MAX = 1000;

const replicaSchema = z.object({
  backend: z.string(),
  shard: z.number(),
  state: z.enum(['stored', 'pending', 'missing', 'leaving']),
  region: z.string().nullable(),
  country: z.string().nullable(),
  health: z.string().nullable().meta({ description: 'State of the backend; null when it is not known here.' }),
  physicalBucket: z.string().nullable(),
});

const statSchema = z.object({
  tenant: z.string(),
  bucket: z.string(),
  key: z.string(),
  versionId: z.string(),
  bytes: z.number(),
  etag: z.string(),
  modifiedAt: z.iso.datetime().nullable(),
  class: z.string(),
  verdict: z.string().nullable().meta({ description: 'What the seal inspection found.' }),
  envelope: z
    .object({ keyId: z.string(), keyVersion: z.number(), keyAlg: z.string(), encryptionAlg: z.string() })
    .nullable(),
  encryption: z
    .enum(['SSE-S3', 'SSE-C'])
    .nullable()
    .meta({ description: 'How the gateway encrypted it; null when backends hold it as its client sent it.' }),
  checksum: z.object({ algorithm: z.string(), value: z.string(), type: z.string() }).nullable(),
  tags: z.record(z.string(), z.string()),
  lock: z
    .object({
      mode: z.enum(['GOVERNANCE', 'COMPLIANCE']).nullable(),
      retainUntil: z.iso.datetime().nullable(),
      legalHold: z.boolean(),
    })
    .meta({ description: 'Until when the version may not be removed; under GOVERNANCE, but by who may bypass that.' }),
  blobs: z.array(
    z.object({
      partNumber: z.number().nullable(),
      blobId: z.string(),
      bytes: z.number(),
      layout: z.string(),
      replicas: z.array(replicaSchema),
    }),
  ),
  moreBlobs: z.boolean(),
});

export function statRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/stat/:tenant/:bucket',
      operationId: 'statObject',
      tag: 'objects',
      summary: 'Where an object is, in which class and under which seal',
      description: 'The key is a query parameter, because paths lose "..", "//" and the like on their way.',
      access: lookAtTenant,
      status: 200,
      params: z.object({ tenant: tenantRefField, bucket: bucketNameField }),
      query: z.object({ key: z.string(), versionId: z.string().optional() }),
      response: statSchema,
      async handle({ params, query }) {
        const bucket = await requireBucket(services, params.tenant, params.bucket);
        const version = await findVersion(services, { bucketId: bucket.id, ...query });
        const physical = await services.metadata.physicalBuckets(bucket.id);
        const blobs = await blobsOf(services, version);
        return {
          tenant: bucket.tenantName,
          bucket: bucket.name,
          ...versionModel(version),
          blobs: blobs.map(({ partNumber, blob }) => ({
            partNumber,
            ...blobModel(blob),
            replicas: blob.replicas.map((replica) => {
              const backend = services.registry.view(replica.backend)?.backend;
              return {
                ...replica,
                region: backend?.region ?? null,
                country: backend?.country ?? null,
                health: backend?.state ?? null,
                physicalBucket: physical.get(replica.backend) ?? null,
              };
            }),
          })),
          moreBlobs: blobs.length < version.parts,
        };
      },
    }),
  ];
}

/** @throws Fault NoSuchKey, NoSuchVersion */
export async function findVersion(
  { metadata }: ControlServices,
  wanted: { readonly bucketId: number; readonly key: string; readonly versionId?: string | undefined },
): Promise<ObjectVersion> {
  const key = parseObjectKey(wanted.key);
  if (wanted.versionId === undefined) {
    const current = await metadata.currentVersion(wanted.bucketId, key);
    if (current === undefined || current.deleteMarker) throw new Fault('NoSuchKey', 'There is no such object.');
    return current;
  }
  const known = wanted.versionId === 'null' || decodeVersionId(wanted.versionId) !== undefined;
  const versionId = wanted.versionId as VersionId | 'null';
  const version = known ? await metadata.version(wanted.bucketId, key, versionId) : undefined;
  if (version === undefined) throw new Fault('NoSuchVersion', 'There is no such version.');
  return version;
}

function versionModel(version: ObjectVersion) {
  const { key, versionId, bytes, etag, verdict, checksum, envelope, tags } = version;
  const { retention, legalHold, encryption } = version.attributes;
  return {
    key,
    versionId,
    bytes,
    etag,
    verdict,
    checksum,
    envelope,
    encryption: encryption?.kind ?? null,
    class: version.redundancyClass,
    modifiedAt: isoTime(version.modifiedAtMs),
    tags: { ...tags },
    lock: {
      mode: retention?.mode ?? null,
      retainUntil: isoTime(retention?.untilMs ?? null),
      legalHold: legalHold === true,
    },
  };
}

function blobModel(blob: BlobRecord) {
  const { layout } = blob;
  const shape = layout.kind === 'copies' ? 'copies' : `erasure ${layout.k}+${layout.m}`;
  return { blobId: blob.blobId, bytes: blob.bytes, layout: shape };
}

async function blobsOf(
  { metadata }: ControlServices,
  version: ObjectVersion,
): Promise<readonly { readonly partNumber: number | null; readonly blob: BlobRecord }[]> {
  if (version.blob !== null) return [{ partNumber: null, blob: version.blob }];
  return version.parts === 0 ? [] : await metadata.readSegments(version, 0, SEGMENTS_TOLD_MAX);
}
