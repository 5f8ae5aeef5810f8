import type { TenantId } from '../names/index.ts';

/**
 * What is counted. `stored`: byte-seconds of tenants' objects, all versions, as their owner sees them. `placed`:
 * byte-seconds on backends, all copies and shards. `requests`, and `in` and `out`: bytes of bodies.
 */
export type UsageMetric = 'stored' | 'placed' | 'requests' | 'in' | 'out';

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

export interface UsageQuestion {
  /** Whole hours are counted: those that begin in this time. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Absent: of all tenants. */
  readonly tenantId?: TenantId | undefined;
  readonly by: 'tenant' | 'bucket' | 'class' | 'backend';
  readonly limit: number;
}

export interface UsageRow {
  readonly tenant: string;
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
  /** Folds up to `limit` events, and the same number of entries of the log. How many it took. */
  foldUsage(limit: number): Promise<number>;
  /** Notes what lies on each backend in each class, for the hour that it is. */
  samplePlaced(): Promise<void>;
  usage(question: UsageQuestion): Promise<readonly UsageRow[]>;
  /** Bytes and versions (delete markers not) of a tenant as of the last commit, parts of uploads under way included. */
  tenantStored(tenantId: TenantId): Promise<{ readonly bytes: number; readonly versions: number }>;
}
