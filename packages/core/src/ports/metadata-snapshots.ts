import type { SnapshotBucket, SnapshotFile, SnapshotSummary } from '../discovery/index.ts';
import type { TenantId } from '../names/index.ts';
import type { Page } from './metadata-registry.ts';
import type { AuditActor } from './model.ts';

/** A sanitised discovery result: what somebody's storage looked like at one time. Never changed. */
export interface Snapshot {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly tenant: string;
  readonly createdAtMs: number;
  readonly summary: SnapshotSummary;
}

export interface NewSnapshot {
  readonly tenantId: TenantId;
  readonly summary: SnapshotSummary;
  /** With their files; names are not told twice. */
  readonly buckets: readonly { readonly bucket: SnapshotBucket; readonly files: readonly SnapshotFile[] }[];
  /** Snapshots that the tenant may have, this one included. */
  readonly max: number;
}

export interface MetadataSnapshots {
  /** All of it, or nothing. @throws Fault NotFound (tenant), QuotaExceeded */
  createSnapshot(snapshot: NewSnapshot, actor: AuditActor): Promise<Snapshot>;
  snapshot(id: string): Promise<Snapshot | undefined>;
  /** Newest first, of one tenant or of all. */
  listSnapshots(request: {
    readonly tenantId: TenantId | null;
    readonly cursor: string | null;
    readonly limit: number;
  }): Promise<Page<Snapshot>>;
  /** By name, bytewise. */
  snapshotBuckets(id: string): Promise<readonly SnapshotBucket[]>;
  /** By key, bytewise, behind `after` ('' is before all). */
  snapshotFiles(request: {
    readonly id: string;
    readonly bucket: string;
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly SnapshotFile[]>;
  /** @throws Fault NotFound */
  deleteSnapshot(id: string, actor: AuditActor): Promise<void>;
}
