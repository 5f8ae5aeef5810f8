import { Fault } from '@sealgate/core/faults';
import { BUCKETS_PER_TENANT_MAX } from '@sealgate/core/limits';
import type { BackendId, BucketName, PhysicalBucketName, TenantId } from '@sealgate/core/names';
import type { Bucket, EncryptionMode, MetadataRegistry, RequestRecording, Versioning } from '@sealgate/core/ports';
import { ABOVE_ALL_KEYS, keyAfter, keySuccessor } from '../codec/key-range.ts';
import { accepted, type Context } from '../context.ts';

export interface BucketRow {
  readonly id: number;
  readonly tenant_id: TenantId;
  readonly tenant_name: string;
  readonly owner_id: string;
  readonly owner_display_name: string;
  readonly namespace: string;
  readonly name: BucketName;
  readonly region: string;
  readonly location_constraint: string;
  readonly encryption: EncryptionMode;
  readonly versioning: Versioning;
  readonly object_lock: boolean;
  readonly policy_name: string | null;
  readonly region_lock: readonly string[];
  readonly default_class: string | null;
  readonly request_records: RequestRecording | null;
  readonly owner_request_records: RequestRecording | null;
  readonly created_at: number;
  readonly configs: Bucket['configs'] | null;
}

export function bucketOf(row: BucketRow): Bucket {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    ownerId: row.owner_id,
    ownerDisplayName: row.owner_display_name,
    namespace: row.namespace,
    name: row.name,
    region: row.region,
    locationConstraint: row.location_constraint,
    encryption: row.encryption,
    versioning: row.versioning,
    objectLock: row.object_lock,
    policyName: row.policy_name,
    regionLock: row.region_lock,
    defaultClass: row.default_class,
    requestRecords: row.request_records,
    ownerRequestRecords: row.owner_request_records,
    configs: row.configs ?? {},
    createdAtMs: row.created_at,
  };
}

export function createBuckets(
  context: Context,
): Pick<
  MetadataRegistry,
  | 'createBucket'
  | 'bucket'
  | 'bucketById'
  | 'listBuckets'
  | 'deleteBucket'
  | 'updateBucket'
  | 'physicalBuckets'
  | 'recordPhysicalBucket'
> {
  const { database } = context;

  async function bucketById(id: number): Promise<Bucket | undefined> {
    const [row] = await database.read<BucketRow>('bucket-by-id', [id]);
    return row === undefined ? undefined : bucketOf(row);
  }

  async function existing(id: number): Promise<Bucket> {
    const bucket = await bucketById(id);
    if (bucket === undefined) throw new Fault('NoSuchBucket', 'The specified bucket does not exist');
    return bucket;
  }

  return {
    bucketById,

    async createBucket(bucket, actor) {
      const rows = await database.write<{ outcome: string; bucket_id: number }>('create-bucket', [
        ...(await context.actor(actor)),
        bucket.tenantId,
        bucket.name,
        bucket.region,
        bucket.locationConstraint,
        bucket.encryption,
        bucket.objectLock,
        bucket.policyName,
        bucket.regionLock,
        bucket.defaultClass,
        JSON.stringify(bucket.configs),
        BUCKETS_PER_TENANT_MAX,
      ]);
      return existing(accepted(rows).bucket_id);
    },

    async bucket(namespace, name) {
      const [row] = await database.read<BucketRow>('bucket-by-name', [namespace, name]);
      return row === undefined ? undefined : bucketOf(row);
    },

    async listBuckets(tenantId, { prefix, after, limit }) {
      const upper = keySuccessor(prefix) ?? ABOVE_ALL_KEYS;
      const lower = after !== '' && after >= prefix ? keyAfter(after) : prefix;
      const rows = await database.read<BucketRow>('list-buckets', [tenantId, lower, upper, limit + 1]);
      return { buckets: rows.slice(0, limit).map(bucketOf), truncated: rows.length > limit };
    },

    async deleteBucket(id, actor) {
      accepted(await database.write<{ outcome: string }>('delete-bucket', [id, ...(await context.actor(actor))]));
    },

    async updateBucket(id, change, actor) {
      const columns = await context.actor(actor);
      accepted(await database.write<{ outcome: string }>('update-bucket', [...columns, id, JSON.stringify(change)]));
      return existing(id);
    },

    async physicalBuckets(bucketId) {
      const rows = await database.read<{ backend: BackendId; name: PhysicalBucketName }>('physical-buckets', [
        bucketId,
      ]);
      return new Map(rows.map((row) => [row.backend, row.name]));
    },

    async recordPhysicalBucket(request) {
      await database.write('record-physical-bucket', [
        ...(await context.actor({ kind: 'system', id: 'placement', requestId: '' })),
        request.bucketId,
        await context.backends.numberOf(request.backend),
        request.name,
        request.counter,
      ]);
    },
  };
}
