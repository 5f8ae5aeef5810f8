import type { AccessKeyId, BucketName, ObjectKey, TenantId, VersionId } from '@sealgate/core/names';
import {
  type Bucket,
  type Credential,
  type Metadata,
  type ObjectVersion,
  PLAIN_ATTRIBUTES,
  type Tenant,
  type UploadRecord,
  type VersionAttributes,
} from '@sealgate/core/ports';
import { fakeClock } from '@sealgate/runtime/testing';
import {
  type OperationName,
  objectOperations,
  parseQuery,
  type RequestHeaders,
  type S3Operation,
  serviceOperations,
} from '@sealgate/s3';
import { authorizeRequest } from '../s3/access/authorize.ts';
import { type Caller, namespaceOf } from '../s3/access/caller.ts';
import { createAccessServices, createRequestAccess } from '../s3/access/request-access.ts';
import type { S3Context } from '../s3/context.ts';

export function fakeTenant(name: string, change: Partial<Tenant> = {}): Tenant {
  return {
    id: `${name}-uuid` as TenantId,
    name,
    ownerId: `${name}-owner`,
    displayName: name.toUpperCase(),
    email: `${name}@example.com`,
    namespace: 'default',
    state: 'active',
    defaultEncryption: 'off',
    policyName: null,
    settings: { objectOwnership: 'ObjectWriter', legacySignatures: false, blockPublicAccess: false },
    quotas: { bytes: null, objects: null, requestsPerSecond: null },
    createdAtMs: 0,
    ...change,
  };
}

export function fakeCaller(tenant: Tenant, change: Partial<Credential> = {}): Caller {
  const credential: Credential = {
    accessKeyId: `${tenant.name}-key` as AccessKeyId,
    secretAccessKey: 'secret',
    tenant,
    kind: 'static',
    state: 'active',
    policy: null,
    sessionPolicy: null,
    parent: null,
    expiresAtMs: null,
    sessionToken: null,
    description: null,
    createdAtMs: 0,
    ...change,
  };
  return {
    kind: 'credential',
    credential,
    signature: { version: 'AWS4-HMAC-SHA256', via: 'header', signedAtMs: 999_000 },
  };
}

export function fakeBucket(tenant: Tenant, name: string, configs: Bucket['configs'] = {}): Bucket {
  return {
    id: 1,
    tenantId: tenant.id,
    tenantName: tenant.name,
    ownerId: tenant.ownerId,
    ownerDisplayName: tenant.displayName,
    namespace: tenant.namespace,
    name: name as BucketName,
    region: 'us-east-1',
    locationConstraint: 'us-east-1',
    encryption: 'off',
    versioning: 'off',
    objectLock: false,
    policyName: null,
    regionLock: [],
    defaultClass: null,
    configs,
    createdAtMs: 0,
  };
}

export function fakeVersion(
  key: string,
  attributes: Partial<VersionAttributes> = {},
  change: Partial<ObjectVersion> = {},
): ObjectVersion {
  return {
    bucketId: 1,
    key: key as ObjectKey,
    seq: 1n,
    versionId: 'null',
    deleteMarker: false,
    bytes: 1,
    etag: 'e',
    modifiedAtMs: 0,
    redundancyClass: 'StandardClass',
    headers: {},
    checksum: null,
    envelope: null,
    verdict: null,
    tags: null,
    attributes: { ...PLAIN_ATTRIBUTES, ...attributes },
    blob: null,
    parts: 0,
    ...change,
  };
}

export interface FakeRequest {
  readonly operation: OperationName;
  readonly bucket?: string;
  readonly key?: string;
  readonly query?: string;
  readonly headers?: RequestHeaders;
  readonly caller: Caller;
}

/** What there is in a world of tenants, buckets and objects. Nothing else answers. */
export interface FakeWorld {
  readonly tenants: readonly Tenant[];
  readonly buckets: readonly Bucket[];
  readonly versions?: readonly ObjectVersion[];
  readonly uploads?: readonly Partial<UploadRecord>[];
}

/** A request as handlers see it, in a world; `decisions` counts what was decided about it, `reads` what was looked up. */
export function fakeContext(
  world: FakeWorld,
  request: FakeRequest,
): S3Context & { readonly seen: { decisions: number; reads: number } } {
  const seen = { decisions: 0, reads: 0 };
  const clock = fakeClock();
  const find = (key: string, versionId?: VersionId | 'null') => {
    seen.reads += 1;
    return Promise.resolve(
      world.versions?.find((v) => v.key === key && (versionId === undefined || v.versionId === versionId)),
    );
  };
  const metadata = {
    tenantByOwner: (id: string) => Promise.resolve(world.tenants.find((t) => t.ownerId === id || t.email === id)),
    credential: (id: string) =>
      Promise.resolve(world.tenants.filter((t) => id === `${t.name}-key`).map((tenant) => ({ tenant }))[0]),
    currentVersion: (_: number, key: string) => find(key),
    version: (_: number, key: string, versionId: VersionId | 'null') => find(key, versionId),
    upload: (_: number, key: string, uploadId: string) =>
      Promise.resolve(world.uploads?.find((u) => u.key === key && u.uploadId === uploadId)),
  } as unknown as Metadata;
  const operation = operationOf(request);
  return {
    seen,
    metadata,
    clock,
    region: 'us-east-1',
    request: { socket: { remoteAddress: '192.0.2.7' }, headers: {} },
    response: { setHeader: () => undefined, removeHeader: () => undefined },
    operation,
    query: operation.query,
    headers: request.headers ?? {},
    caller: request.caller,
    namespace: namespaceOf(request.caller),
    access: createRequestAccess(createAccessServices({ metadata, clock }), () => {
      seen.decisions += 1;
    }),
    authorize: authorizeRequest,
    findBucket: (name: BucketName) => Promise.resolve(world.buckets.find((b) => b.name === name)),
  } as unknown as S3Context & { readonly seen: { decisions: number; reads: number } };
}

function operationOf({ operation, bucket = 'bkt', key = 'k', query = '' }: FakeRequest): S3Operation {
  const common = { name: operation, query: parseQuery(query) };
  const is = (names: readonly string[]): boolean => names.includes(operation);
  if (is(serviceOperations)) return { ...common, level: 'service' } as S3Operation;
  if (is(objectOperations)) return { ...common, level: 'object', bucket, key } as S3Operation;
  return { ...common, level: 'bucket', bucket } as S3Operation;
}
