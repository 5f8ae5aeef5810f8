import { createHash } from 'node:crypto';
import { isFault } from '@sealgate/core/faults';
import {
  type BackendId,
  type BlobId,
  newBlobId,
  type PhysicalBucketName,
  parseAccessKeyId,
  parseBackendId,
  parseBucketName,
  parseObjectKey,
} from '@sealgate/core/names';
import {
  type AuditActor,
  type Backend,
  type Bucket,
  type CommitPart,
  type CommitVersion,
  type Metadata,
  type NewBackend,
  type NewBucket,
  type NewTenant,
  PLAIN_ATTRIBUTES,
  type ReplicaRecord,
  type ReplicaState,
  type Tenant,
  type UploadRecord,
  type Versioning,
} from '@sealgate/core/ports';
import { createRepairQueue, type RepairQueue } from './repair-queue.ts';

export interface MetadataUnderTest {
  readonly metadata: Metadata;
  /** The time that the implementation goes by, milliseconds since 1970. */
  now(): number;
  close(): Promise<void>;
}

/** Opens an empty one with `deletionGraceMs` and `pendingGraceMs` of 0 and the other waits as they are by default. */
export type MetadataFactory = () => Promise<MetadataUnderTest>;

export const actor: AuditActor = {
  kind: 'tenant',
  id: 'AKIACONTRACT',
  requestId: 'request-1',
  remoteAddress: '::ffff:192.0.2.7',
};

type Changes<T> = { readonly [Name in keyof T]?: T[Name] };

/** The metadata under test with makers for everything that a case needs. Names are never used twice. */
export interface World {
  readonly metadata: () => Metadata;
  readonly now: () => number;
  unused(prefix: string): string;
  tenant(changes?: Changes<NewTenant>): Promise<Tenant>;
  backend(changes?: Changes<NewBackend>): Promise<Backend>;
  /** The same three for the whole suite. */
  backends(): Promise<readonly [Backend, Backend, Backend]>;
  /** With physical buckets on the three. */
  bucket(versioning?: Versioning, changes?: Changes<NewBucket>): Promise<Bucket>;
  blobId(): BlobId;
  version(bucket: Bucket, key: string, changes?: Changes<CommitVersion>): Promise<CommitVersion>;
  put(bucket: Bucket, key: string, changes?: Changes<CommitVersion>): ReturnType<Metadata['commitVersion']>;
  remove(bucket: Bucket, key: string, versionId?: string): ReturnType<Metadata['deleteObject']>;
  beginUpload(bucket: Bucket, key: string, changes?: Changes<UploadRecord>): Promise<string>;
  putPart(
    bucket: Bucket,
    key: string,
    uploadId: string,
    partNumber: number,
    changes?: Changes<CommitPart>,
  ): Promise<CommitPart>;
  readonly repairs: RepairQueue;
  /** All deletions that are due now, by blob. Leases of no length, so that they stay due. */
  due(): Promise<ReadonlyMap<BlobId, number>>;
}

export function createWorld(subject: () => MetadataUnderTest): World {
  let made = 0;
  let three: Promise<[Backend, Backend, Backend]> | undefined;
  const metadata = () => subject().metadata;
  const unused = (prefix: string): string => {
    made += 1;
    // In the order of their making, by number and by text alike.
    return `${prefix}${String(made).padStart(5, '0')}`;
  };
  const blobs = new Set<BlobId>();
  const blobId = (): BlobId => {
    const id = newBlobId(subject().now());
    blobs.add(id);
    return id;
  };

  async function tenant(changes: Changes<NewTenant> = {}): Promise<Tenant> {
    const defaults = {
      displayName: 'A tenant',
      email: null,
      namespace: 'default',
      defaultEncryption: 'off',
      policyName: null,
    } as const;
    return metadata().createTenant({ name: unused('tenant-'), ...defaults, ...changes }, actor);
  }

  async function makeBackend(changes: Changes<NewBackend> = {}): Promise<Backend> {
    const id = changes.id ?? parseBackendId(unused('backend-'));
    return metadata().createBackend({ ...backendFacts, ...changes, id }, actor);
  }

  function backends(): Promise<[Backend, Backend, Backend]> {
    three ??= (async () => [await makeBackend(), await makeBackend(), await makeBackend()])();
    return three;
  }

  async function bucket(versioning: Versioning = 'off', changes: Changes<NewBucket> = {}): Promise<Bucket> {
    const tenantId = changes.tenantId ?? (await tenant()).id;
    const name = parseBucketName(unused('bucket-'));
    const fresh = await metadata().createBucket({ ...bucketFacts, name, ...changes, tenantId }, actor);
    for (const { id } of await backends()) {
      await metadata().recordPhysicalBucket({
        bucketId: fresh.id,
        backend: id,
        name: physicalName(fresh, id),
        counter: 0,
      });
    }
    if (versioning === 'off') return fresh;
    if (versioning === 'suspended') await metadata().updateBucket(fresh.id, { versioning: 'enabled' }, actor);
    return metadata().updateBucket(fresh.id, { versioning }, actor);
  }

  async function version(target: Bucket, key: string, changes: Changes<CommitVersion> = {}): Promise<CommitVersion> {
    return {
      ...versionFacts,
      bucketId: target.id,
      key: parseObjectKey(key),
      blobId: blobId(),
      etag: md5(`${key} ${unused('')}`),
      storedBytes: changes.bytes ?? versionFacts.bytes,
      replicas: replicas(await backends()),
      ...changes,
    };
  }

  return {
    metadata,
    now: () => subject().now(),
    unused,
    tenant,
    backend: makeBackend,
    backends,
    bucket,
    blobId,
    version,
    repairs: createRepairQueue(metadata, blobs),
    put: async (target, key, changes) => metadata().commitVersion(await version(target, key, changes)),
    remove: (target, key, versionId) =>
      metadata().deleteObject({
        bucketId: target.id,
        key: parseObjectKey(key),
        ...(versionId === undefined ? {} : { versionId: versionId as 'null' }),
        preconditions: {},
        actor,
      }),
    async beginUpload(target, key, changes = {}) {
      const uploadId = unused('upload-');
      await metadata().createUpload({
        ...uploadFacts,
        uploadId,
        bucketId: target.id,
        key: parseObjectKey(key),
        ...changes,
        actor,
      });
      return uploadId;
    },
    async putPart(target, key, uploadId, partNumber, changes = {}) {
      const part: CommitPart = {
        ...partFacts,
        bucketId: target.id,
        key: parseObjectKey(key),
        uploadId,
        partNumber,
        blobId: blobId(),
        etag: md5(unused('part')),
        storedBytes: changes.bytes ?? partFacts.bytes,
        replicas: replicas(await backends()),
        ...changes,
      };
      await metadata().commitPart(part);
      return part;
    },
    async due() {
      const due = await metadata().leaseDeletions(10_000, 0);
      return new Map(due.map((deletion) => [deletion.blobId, deletion.replicas.length]));
    },
  };
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

export function physicalName(bucket: Bucket, backend: BackendId): PhysicalBucketName {
  return `s3gw-${bucket.id}-${backend}` as PhysicalBucketName;
}

/** One replica a backend; `states` in the same order, `stored` where it is shorter. */
export function replicas(backends: readonly Backend[], ...states: readonly ReplicaState[]): ReplicaRecord[] {
  return backends.map(({ id }, index) => ({ backend: id, shard: 0, state: states[index] ?? 'stored' }));
}

/** The code of the Fault that `work` rejects with, `none` when it does not. Anything but a Fault is thrown on. */
export async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
}

const backendFacts = {
  type: 'memory',
  endpoint: 'https://backend.example',
  provider: 'demo',
  providerRegion: 'r1',
  region: 'north',
  country: 'FI',
  jurisdiction: 'EU',
  operatorJurisdiction: 'FI',
  certificates: [],
  sla: null,
  weight: 1,
  addressing: 'path',
  custody: 'gateway',
  credentials: { accessKeyId: 'key', secretAccessKey: 'a secret' },
} as const;

const bucketFacts = {
  region: 'eu-sovereign-1',
  locationConstraint: '',
  encryption: 'off',
  objectLock: false,
  policyName: null,
  regionLock: [],
  defaultClass: null,
  configs: {},
} as const;

const blobFacts = {
  bytes: 1000,
  layout: { kind: 'copies' },
  blockBytes: 65_536,
  digests: new Uint8Array(32).fill(7),
  checksum: null,
  actor,
} as const;

const versionFacts = {
  ...blobFacts,
  redundancyClass: 'StandardClass',
  headers: {},
  envelope: null,
  verdict: null,
  tags: null,
  attributes: PLAIN_ATTRIBUTES,
  preconditions: {},
} as const;

const partFacts = { ...blobFacts, inspection: null } as const;

const uploadFacts = {
  redundancyClass: 'StandardClass',
  headers: {},
  tags: null,
  attributes: PLAIN_ATTRIBUTES,
  checksumAlgorithm: null,
  checksumType: null,
  envelope: null,
  initiator: parseAccessKeyId('AKIACONTRACT'),
} as const;
