import type { BackendId, BlobId, PhysicalBucketName } from '../names/index.ts';
import type { AuditActor } from './model.ts';

/** One copy or shard of a blob as a backend lists it. */
export interface ListedCopy {
  readonly blobId: BlobId;
  readonly shard: number;
  /** The backend says that it has been there for longer than anybody takes to name what was written. */
  readonly settled: boolean;
}

/** What one page of a listing held, and what became of it. */
export interface SweepFindings {
  /** The sweep is held: nothing was judged. */
  readonly held: boolean;
  /** Blobs that no row knows: given up, so the deletion queue removes them. */
  readonly unknown: number;
  /** Copies that their blob's row does not name: claimed as strays. */
  readonly misplaced: number;
}

/** A copy where no row names it. */
export interface StrayCopy {
  readonly blobId: BlobId;
  readonly backend: BackendId;
  readonly shard: number;
  readonly bucket: PhysicalBucketName;
}

/** Why the sweep may not go on. */
export interface SweepHold {
  readonly reason: string;
  readonly sinceMs: number;
}

/**
 * Rows that are of no use after a while. `strays`: tombstones of removed strays. `probes`: what backends could do once; the
 * newest of each stays. `buckets`: deleted buckets of which no byte is left; the log goes on naming them.
 * `usage`: what tenants used in hours that are over. `snapshots`: what somebody's storage looked like long ago.
 */
export type VacuumKind = 'strays' | 'probes' | 'buckets' | 'usage' | 'snapshots';

/**
 * What the sweep for orphans reads and does. It compares what backends list with what rows name, and the two change
 * meanwhile: everything is decided here, in one transaction with the claim, and never by the caller.
 */
export interface MetadataSweeps {
  /**
   * The physical bucket of the backend that comes next behind a name ('' is before all). `abandoned`: all logical
   * buckets that it was made for have been deleted for longer than an attempt may take, with nothing left to remove.
   */
  nextPhysicalBucket(
    backend: BackendId,
    after: string,
  ): Promise<{ readonly name: PhysicalBucketName; readonly abandoned: boolean } | undefined>;
  /**
   * Judges a page of a physical bucket's listing. Copies younger than the age at which their blob can still be
   * published are left alone. What is claimed can neither be published nor become a replica any more.
   */
  sweepPage(page: {
    readonly backend: BackendId;
    readonly bucket: PhysicalBucketName;
    readonly copies: readonly ListedCopy[];
    readonly actor: AuditActor;
  }): Promise<SweepFindings>;
  /** Leases up to `limit` strays for `leaseMs`, looked at again; what a row names by now is none. None while held. */
  leaseStrays(limit: number, leaseMs: number): Promise<readonly StrayCopy[]>;
  /** It is gone from its backend. For a while longer nobody can name that place. */
  finishStray(stray: StrayCopy, actor: AuditActor): Promise<void>;
  /** An abandoned bucket was removed from its backend. False when it is in use again: nothing happens then. */
  forgetPhysicalBucket(backend: BackendId, name: PhysicalBucketName, actor: AuditActor): Promise<boolean>;
  /** The hold on the sweep: a database restored from a backup has one. */
  sweepHold(): Promise<SweepHold | undefined>;
  /** Lets the sweep go on. False when it was not held. */
  releaseSweepHold(actor: AuditActor): Promise<boolean>;
  /** Removes up to `limit` rows of a kind that have been of no use for `keepMs`. How many. */
  vacuum(request: {
    readonly kind: VacuumKind;
    readonly keepMs: number;
    readonly limit: number;
    readonly actor: AuditActor;
  }): Promise<number>;
}
