import type { BackendId, PhysicalBucketName, TenantId } from '../names/index.ts';

/**
 * What backends were asked for, in the groups that providers price: `puts` (writes, also of buckets and locks), `gets` (reads,
 * also of sizes), `lists` and `deletes` are calls; `sent` and `received` are bytes of bodies, as the gateway sees it.
 */
export type BackendUsageMetric = 'puts' | 'gets' | 'lists' | 'deletes' | 'sent' | 'received';

/**
 * What is counted. `stored`: byte-seconds of tenants' objects, all versions, as their owner sees them. `placed`:
 * byte-seconds on backends, all copies and shards. `requests`, and `in` and `out`: bytes of bodies.
 */
export type UsageMetric = 'stored' | 'placed' | 'requests' | 'in' | 'out' | BackendUsageMetric;

/** Traffic of one process, as it appends it. */
export interface UsageEvent {
  readonly atMs: number;
  readonly tenantId: TenantId;
  readonly bucketId: number | null;
  /** Of the object that was written; null when it is not known. */
  readonly redundancyClass: string | null;
  readonly metric: 'requests' | 'in' | 'out';
  readonly amount: number;
}

/** What one process asked of one backend, as it appends it. */
export interface BackendUsageEvent {
  readonly atMs: number;
  readonly backend: BackendId;
  /** Tells whose it is; null, or one that no bucket of a tenant has: nobody's. */
  readonly bucket: PhysicalBucketName | null;
  /** Of the blob; null when whoever asked did not say. */
  readonly redundancyClass: string | null;
  readonly metric: BackendUsageMetric;
  readonly amount: number;
}

export interface UsageQuestion {
  /** Whole hours are counted: those that begin in this time. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Absent: of all tenants. */
  readonly tenantId?: TenantId | undefined;
  readonly by: 'tenant' | 'bucket' | 'class' | 'backend';
  /** Only of this backend, this class. Absent: of all, and of what belongs to none. */
  readonly backend?: BackendId | undefined;
  readonly redundancyClass?: string | undefined;
  /** One sum over all tenants and nobody: `tenant` of each row is null. */
  readonly together?: boolean | undefined;
  readonly limit: number;
}

export interface UsageRow {
  /** Null: of all together, or nobody's, such as pings, backups of the metadata and what is left of buckets that are gone. */
  readonly tenant: string | null;
  /** The bucket, class or backend; null for what belongs to none, or when it was asked by tenant. */
  readonly part: string | null;
  readonly metric: UsageMetric;
  readonly amount: number;
}

/**
 * Usage: appended by whoever serves, folded into hours by whoever has time. Nobody updates a counter on the way of a
 * request.
 */
export interface MetadataUsage {
  appendUsage(events: readonly UsageEvent[]): Promise<void>;
  appendBackendUsage(events: readonly BackendUsageEvent[]): Promise<void>;
  /** Folds up to `limit` events, and the same number of entries of the log. How many it took. */
  foldUsage(limit: number): Promise<number>;
  /** Notes what lies on each backend in each class, for the hour that it is. */
  samplePlaced(): Promise<void>;
  usage(question: UsageQuestion): Promise<readonly UsageRow[]>;
  /** Bytes and versions (delete markers not) of a tenant as of the last commit, parts of uploads under way included. */
  tenantStored(tenantId: TenantId): Promise<{ readonly bytes: number; readonly versions: number }>;
}
