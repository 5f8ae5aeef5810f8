/** Every bound of the engine. Bytes and milliseconds; the reason beside each. */

import { BLOCK_BYTES_MIN, PART_BYTES_MIN } from '@sealgate/core/limits';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface EngineLimits {
  /** A body up to this size is held whole: verified before any byte leaves, replayable on a spare backend. */
  readonly smallBodyBytes: number;
  /** Smallest block of a digest list; a power of two. */
  readonly blockBytesMin: number;
  /** Every part of an upload but its last is at least this large. */
  readonly partBytesMin: number;
  /** How far a target may fall behind the others of its write. Chunks are shared, so this is also the memory of a write. */
  readonly lagBytes: number;
  /** A target this far behind counts as slow: the source no longer waits for it alone. */
  readonly slowBytes: number;
  /** Waiting for a slow target that the ack rule does not need: at most this plus `patienceShare` of the time so far. */
  readonly patienceMs: number;
  readonly patienceShare: number;
  /** After the ack rule holds: wait this long for the rest, so that most writes commit complete. */
  readonly lingerMsMax: number;
  readonly lingerShare: number;
  /** Copies that came too late for the commit may go on for this long: well below the time after which they count as lost. */
  readonly lateCopyMs: number;
  /** No byte moved to any needed target for this long: the write fails. */
  readonly writeStallMs: number;
  /** First block not there after this, or after `hedgeFactor` times the backend's usual latency: another replica is asked too. */
  readonly hedgeMsMin: number;
  readonly hedgeFactor: number;
  /**
   * Reads that may be hedged, as a share of all, and how many at once after a calm: when everything is slow, asking twice
   * makes it slower. What stalls is replaced after `stallMs` all the same.
   */
  readonly hedgeShare: number;
  readonly hedgeBurst: number;
  /** Later block not there: another replica is asked too. */
  readonly stallMs: number;
  /** No replica gave a block for this long: the read fails. */
  readonly readBlockMs: number;
  /** Bytes read and digested ahead of the client, a read. */
  readonly readAheadBytes: number;
  /** Digests fetched at a time for a blob with a long list. */
  readonly digestPage: number;
  /** Such pages kept, so that ranges here and there in a long object do not ask the database each time: 32 KiB each. */
  readonly digestPagesKept: number;
  /** Segments of a multipart object fetched at a time. */
  readonly segmentPage: number;
  /** Names tried for a physical bucket before giving up. */
  readonly bucketNameTries: number;
  readonly deletionBatch: number;
  readonly deletionLeaseMs: number;
  readonly deletionTimeoutMs: number;
  /** Repairs taken at a time: more than run at once, so that the next ones are at hand before the last ones end. */
  readonly repairBatch: number;
  /** Blobs that one process repairs at once, whatever the number of its batches: each may hold what one read holds. */
  readonly repairsAtOnce: number;
  /** A worker at a repair that is not heard of for so long has lost it; it renews three times as often. */
  readonly repairLeaseMs: number;
  /** Blobs that one step of the reconciler looks at, and until when another process leaves them alone. */
  readonly reconcilePage: number;
  readonly reconcileLeaseMs: number;
  /** Between a change of facts or policies and the pass that goes by it: until then every process has heard of it. */
  readonly reconcileSettleMs: number;
  /** Until the next pass while replicas are on their way. */
  readonly reconcileSoonMs: number;
  /** Blobs that one step of a rebalance looks at: with the pace of its loop, this bounds how fast it moves. */
  readonly rebalancePage: number;
  /** Blobs of one step of the scrub, replicas that are read at once, and until when another process leaves them alone. */
  readonly scrubPage: number;
  readonly scrubConcurrency: number;
  readonly scrubLeaseMs: number;
  /** Between two passes at least, however short the interval is. */
  readonly scrubRestMs: number;
  /** Versions whose retention is pushed down at once, and until when another process leaves them alone. */
  readonly lockPushBatch: number;
  readonly lockPushLeaseMs: number;
  /** Versions, uploads and the like that one step of the lifecycle looks at; two or more. */
  readonly lifecyclePage: number;
  /** Versions of one step that are worked on at once; each may be read and written anew. */
  readonly lifecycleConcurrency: number;
  /** A process that works on the lifecycle and is not heard of for so long is taken for dead. */
  readonly lifecycleLeaseMs: number;
  /** Text of one document of a recovery manifest: all of it is held while it is made. A single longer line makes a longer one. */
  readonly manifestDocumentBytes: number;
  /** Changes of the log that one step takes; each is a place in memory. */
  readonly manifestChanges: number;
  /** Requested manifests, and buckets that are checked, at a time. */
  readonly manifestRequests: number;
  /** Deltas behind one base: recovery reads all of them. */
  readonly manifestDeltas: number;
  readonly manifestLeaseMs: number;
  /** Storing and reading back one document on one backend, or sweeping it. */
  readonly manifestTimeoutMs: number;
  /** A bucket whose manifest could not be written waits so long. */
  readonly manifestRetryMs: number;
  /** From one look at all buckets to the next: is a document where it may not be, is a sweep owed? */
  readonly manifestCheckMs: number;
  /** Documents listed at a time when old ones are removed. */
  readonly manifestListPage: number;
  /** A completion can be repeated for so long after its version has gone; then the upload is forgotten. */
  readonly uploadRememberedMs: number;
  /** Keys of one page of a backend's listing that the sweep for orphans judges by one query. */
  readonly sweepPage: number;
  /** A page of a listing, or the removal of an empty bucket. */
  readonly sweepTimeoutMs: number;
  /** Backends swept at once, and until one whose step failed is tried again. */
  readonly sweepConcurrency: number;
  readonly sweepRetryMs: number;
  /** A process that sweeps a backend and is not heard of for so long is taken for dead; more than the timeout above. */
  readonly sweepLeaseMs: number;
  /** A copy that no row names is left alone until it has been there so long: whoever wrote it may be about to name it. */
  readonly straySettledMs: number;
  /** Rows that one transaction of the vacuum removes, and until a process that does is taken for dead. */
  readonly vacuumBatch: number;
  /** Snapshots that it removes in one transaction: each has up to 50 000 files. */
  readonly vacuumSnapshots: number;
  readonly vacuumLeaseMs: number;
  /** Entries of the log that one step of the removal of old records of requests looks at, in one transaction. */
  readonly requestsPage: number;
  /** Foreign keys that a run remembers by name; all are counted. */
  readonly foreignKeysShown: number;
  /** One call to a backend about a backup of the metadata: 8 MiB go over with most of them. */
  readonly backupTimeoutMs: number;
  /** A process that makes a backup and is not heard of for so long is taken for dead: a part is put and read in less. */
  readonly backupLeaseMs: number;
  /** After a backup that failed, or has too few copies. */
  readonly backupRetryMs: number;
  /** From one look at backups that should leave a backend to the next. */
  readonly backupMoveMs: number;
  /** A URL for a direct upload lets one begin for so long. */
  readonly directUrlMs: number;
  /** A write plan is open for so long, and for as long as its bytes take at this pace. */
  readonly directPlanMs: number;
  readonly directBytesPerSecond: number;
  /** A plan does not end within so long of the beginning of its commit, which may read 5 GiB from several backends. */
  readonly directHoldMs: number;
  /** Open plans of a bucket: what may lie on backends without a version that names it. */
  readonly directPlansOpen: number;
}

export const defaultEngineLimits: EngineLimits = {
  smallBodyBytes: 256 * KIB,
  blockBytesMin: BLOCK_BYTES_MIN,
  partBytesMin: PART_BYTES_MIN,
  lagBytes: 2 * MIB,
  slowBytes: 512 * KIB,
  patienceMs: 1000,
  patienceShare: 0.25,
  lingerMsMax: 50,
  lingerShare: 0.5,
  lateCopyMs: 45_000,
  writeStallMs: 30_000,
  hedgeMsMin: 30,
  hedgeFactor: 4,
  hedgeShare: 0.1,
  hedgeBurst: 16,
  stallMs: 1500,
  readBlockMs: 30_000,
  readAheadBytes: 512 * KIB,
  digestPage: 1024,
  digestPagesKept: 512,
  segmentPage: 64,
  bucketNameTries: 16,
  deletionBatch: 64,
  deletionLeaseMs: 120_000,
  deletionTimeoutMs: 20_000,
  repairBatch: 128,
  repairsAtOnce: 64,
  repairLeaseMs: 60_000,
  reconcilePage: 1000,
  reconcileLeaseMs: 60_000,
  reconcileSettleMs: 2000,
  reconcileSoonMs: 5000,
  rebalancePage: 1000,
  scrubPage: 32,
  scrubConcurrency: 4,
  scrubLeaseMs: 60_000,
  scrubRestMs: 1000,
  lockPushBatch: 16,
  lockPushLeaseMs: 10 * 60_000,
  lifecyclePage: 500,
  lifecycleConcurrency: 4,
  lifecycleLeaseMs: 120_000,
  manifestDocumentBytes: 4 * MIB,
  manifestChanges: 5000,
  manifestRequests: 100,
  manifestDeltas: 2000,
  manifestLeaseMs: 120_000,
  manifestTimeoutMs: 60_000,
  manifestRetryMs: 60_000,
  manifestCheckMs: 10 * 60_000,
  manifestListPage: 1000,
  uploadRememberedMs: 24 * 60 * 60_000,
  sweepPage: 1000,
  sweepTimeoutMs: 60_000,
  sweepConcurrency: 4,
  sweepRetryMs: 60_000,
  sweepLeaseMs: 180_000,
  straySettledMs: 24 * 60 * 60_000,
  vacuumBatch: 1000,
  vacuumSnapshots: 5,
  vacuumLeaseMs: 120_000,
  requestsPage: 5000,
  foreignKeysShown: 20,
  backupTimeoutMs: 60_000,
  backupLeaseMs: 180_000,
  backupRetryMs: 15 * 60_000,
  backupMoveMs: 30_000,
  directUrlMs: 15 * 60_000,
  directPlanMs: 60 * 60_000,
  directBytesPerSecond: MIB,
  directHoldMs: 60 * 60_000,
  directPlansOpen: 1000,
};

/** Entries that one round gives their leaves: one statement of about 200 KiB. */
export const AUDIT_BATCH = 2000;
/** Entries that one document of evidence proves: about 20 MB of JSON. */
export const EVIDENCE_ENTRIES_MAX = 20_000;
/** Versions of a page that goes when a tenant is deleted, and how many of them at once: each is one transaction. */
export const ERASED_PAGE = 500;
export const ERASED_AT_ONCE = 8;
/** A process that deletes tenants and is not heard of for so long is taken for dead; it is heard of with every page. */
export const ERASURE_LEASE_MS = 120_000;
/** Entries of one archive of the log; what is left goes into the next one. About 300 MB of text before compression. */
export const ARCHIVE_ENTRIES_MAX = 1_000_000;
/** Backends that are to lock an archive of the log: with fewer, whoever has the keys of one backend can leave no locked copy. */
export const ARCHIVE_LOCKS_WANTED = 2;
/** Archives that the gateway lists: three hundred bytes each, written with each new one. The log knows all. */
export const ARCHIVES_LISTED = 1000;
