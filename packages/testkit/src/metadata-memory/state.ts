import type { SnapshotBucket, SnapshotFile } from '@sealgate/core/discovery';
import { Fault, type FaultCode } from '@sealgate/core/faults';
import type { AccessKeyId, BackendId, BlobId, ObjectKey, PhysicalBucketName, VersionId } from '@sealgate/core/names';
import { encodeVersionId, newBlobId } from '@sealgate/core/names';
import type {
  Agent,
  Backend,
  BlobRecord,
  Bucket,
  CacheMember,
  CacheView,
  Clock,
  CommittedVersion,
  ConfirmedRemovals,
  Credential,
  Erasure,
  ErasureState,
  JobKind,
  KeyringRecord,
  NewJob,
  NewSession,
  ObjectVersion,
  OidcProvider,
  PartRecord,
  PolicyRecord,
  ReplicaPlace,
  Role,
  SealedGrant,
  Snapshot,
  StrayCopy,
  SweepHold,
  Tenant,
  UploadRecord,
  Worker,
  WritePlanRecord,
} from '@sealgate/core/ports';

import type { NotificationState } from './notification-state.ts';
import type { RecoveryState } from './recovery-state.ts';

/** A version and where its bytes are. `blobId` names the version even when it is a delete marker or multipart. */
export interface StoredVersion {
  version: ObjectVersion;
  readonly blobId: BlobId;
  /** Where the bytes of one put whole are, once they have been written anew. */
  dataBlobId?: BlobId;
  readonly upload: StoredUpload | null;
}

export interface StoredBlob {
  readonly record: BlobRecord;
  readonly bucketId: number;
  readonly redundancyClass: string;
  /** The tag of its object that asked for it; null: none did. */
  readonly residency: string | null;
  /** When copies that are still pending count as lost; null when none is pending. */
  readonly owedAtMs: number | null;
  /** When its removal is due; null while something refers to it. */
  readonly doomedAtMs: number | null;
}

export interface StoredPart {
  readonly record: PartRecord;
  /** Of a completed upload. */
  readonly offset: number;
}

export interface StoredUpload {
  record: UploadRecord;
  parts: Map<number, StoredPart>;
  /** When it was aborted, or its version went. */
  endedAtMs?: number;
  /** Kept for a completion that is repeated. */
  result: { readonly partList: string; readonly answer: Omit<CommittedVersion, 'versioned'> } | null;
}

export interface StoredBucket {
  record: Bucket;
  deleted: boolean;
  deletedAtMs?: number;
  /** Versions of a key, oldest first. No key has an empty list. */
  readonly versions: Map<ObjectKey, StoredVersion[]>;
  /** Keys of `versions`, ascending bytewise. */
  keys: ObjectKey[];
  readonly physical: Map<BackendId, PhysicalBucketName>;
}

/** The agreement about a shared cache. */
export interface CacheAgreement {
  epoch: bigint;
  space: CacheView['space'];
  readonly members: Map<string, CacheMember>;
}

export interface StoredCursor {
  readonly position: unknown;
  readonly holder: string;
  readonly leasedUntilMs: number;
  readonly savedAtMs: number;
}

/** Of a single copy of a blob that stays. */
export interface Removal extends ReplicaPlace {
  readonly bucketId: number;
  readonly needed: number;
  readonly state: 'waiting' | 'leased' | 'gone';
  /** Infinity while something of the blob is owed. Of one that is gone: until when its place is barred. */
  readonly dueAtMs: number;
}

export interface RepairJob {
  readonly jobId: string;
  readonly blobId: BlobId;
  /** A repair even if it was a replication first: the class owes it too. */
  kind: JobKind;
  /** Of a replication; that of a repair is its distance from loss. */
  priority: number;
  readonly createdAtMs: number;
  lastError: string | null;
  /** When backends had no room for what they are owed. */
  noRoom: ReadonlyMap<BackendId, number>;
  lease: { readonly token: bigint; readonly worker: Worker } | null;
  state: 'waiting' | 'active';
  /** When it may be taken; of an active one, when its taker counts as lost. */
  startAtMs: number;
  attempts: number;
}

/** A job that somebody asked for. */
export interface StoredJob {
  readonly id: string;
  readonly wanted: NewJob;
  state: 'waiting' | 'done' | 'failed' | 'cancelled';
  blobs: readonly BlobId[];
  /** Targets that held nothing before. */
  added: readonly BackendId[];
  attempts: number;
  lastError: string | null;
  readonly createdAtMs: number;
  updatedAtMs: number;
  endedAtMs: number | null;
}

export interface StoredAgent {
  agent: Agent;
  enrolmentHash: string | null;
  /** Used assertions and when they are forgotten. */
  readonly assertions: Map<string, number>;
  /** Hashes of live tokens. */
  readonly tokens: Map<string, { readonly epoch: number; readonly untilMs: number }>;
}

/** A tenant that is being or was deleted. What waits and what is left is looked up. */
export interface StoredErasure {
  state: ErasureState;
  readonly begunAtMs: number;
  removedAtMs: number | null;
  doneAtMs: number | null;
  readonly entries: number[];
  readonly found: Erasure['found'];
  without: readonly BackendId[];
  readonly confirmed: Map<BackendId, ConfirmedRemovals>;
  readonly bucketsRemoved: Erasure['bucketsRemoved'][number][];
  report: string | null;
  trouble: string | null;
}

export interface StoredSnapshot {
  readonly snapshot: Snapshot;
  readonly buckets: readonly SnapshotBucket[];
  /** By bucket, by key. */
  readonly files: ReadonlyMap<string, readonly SnapshotFile[]>;
}

/** Everything the memory metadata knows. Methods change it in one turn of the event loop, which makes them atomic. */
export interface MemoryState {
  readonly clock: Clock;
  readonly deletionGraceMs: number;
  readonly pendingGraceMs: number;
  readonly attemptAgeMaxMs: number;
  /** A job that was taken and neither finished nor failed for this long goes back. */
  seq: bigint;
  made: number;
  readonly tenants: Map<string, Tenant>;
  readonly credentials: Map<AccessKeyId, Credential>;
  /** Of sessions. */
  readonly origins: Map<AccessKeyId, NewSession['from']>;
  /** By id. */
  readonly roles: Map<string, Role>;
  readonly providers: Map<string, OidcProvider>;
  readonly backends: Map<BackendId, Backend>;
  readonly buckets: Map<number, StoredBucket>;
  readonly policies: Map<string, PolicyRecord[]>;
  /** By tenant, ascending. */
  readonly keyrings: Map<string, readonly KeyringRecord[]>;
  readonly uploads: Map<string, StoredUpload>;
  readonly blobs: Map<BlobId, StoredBlob>;
  readonly writePlans: Map<BlobId, WritePlanRecord>;
  readonly jobs: Map<string, RepairJob>;
  /** By blob, backend and shard. */
  readonly removals: Map<string, Removal>;
  placementEpoch: bigint;
  /** Repairs that were given up. */
  readonly deadRepairs: Map<string, RepairJob>;
  readonly askedJobs: Map<string, StoredJob>;
  readonly agents: Map<string, StoredAgent>;
  /** By job and agent. */
  readonly grants: Map<string, SealedGrant & { readonly agentId: string; readonly untilMs: number }>;
  leaseTokens: bigint;
  /** Versions whose retention backends are to hear of, and when. */
  readonly lockPushes: Map<bigint, { readonly version: StoredVersion; dueAtMs: number }>;
  readonly cursors: Map<string, StoredCursor>;
  readonly strays: Map<string, { readonly copy: StrayCopy; dueAtMs: number; removedAtMs: number | null }>;
  sweepHold: SweepHold | null;
  readonly cache: CacheAgreement;
  readonly notifications: NotificationState;
  readonly erasures: Map<string, StoredErasure>;
  readonly recovery: RecoveryState;
  /** By id, oldest first. */
  readonly snapshots: Map<string, StoredSnapshot>;
}

export function fail(code: FaultCode, message = 'refused by the memory metadata'): never {
  throw new Fault(code, message);
}

/** A number that no earlier call gave. */
export function nextNumber(state: MemoryState): number {
  state.made += 1;
  return state.made;
}

/** A blob id without randomness: the same run gives the same ids. */
export function nextBlobId(state: MemoryState): BlobId {
  const bytes = new Uint8Array(10);
  new DataView(bytes.buffer).setUint32(6, nextNumber(state));
  return newBlobId(state.clock.now(), () => bytes);
}

/** A bucket as it is given out: what its tenant has in it is the tenant's, as it is now. */
export function bucketOf(state: MemoryState, record: Bucket): Bucket {
  return { ...record, ownerRequestRecords: state.tenants.get(record.tenantId)?.requestRecords ?? null };
}

export function activeBucket(state: MemoryState, id: number): StoredBucket {
  const bucket = state.buckets.get(id);
  return bucket === undefined || bucket.deleted ? fail('NoSuchBucket') : bucket;
}

export function versionIdOf(seq: bigint, blobId: BlobId, isNull: boolean): VersionId | 'null' {
  return isNull ? 'null' : encodeVersionId(seq, blobId);
}

/** Bytewise order of UTF-8. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

export function current(bucket: StoredBucket, key: ObjectKey): StoredVersion | undefined {
  return bucket.versions.get(key)?.at(-1);
}

export function addVersion(bucket: StoredBucket, stored: StoredVersion): void {
  const { key } = stored.version;
  const list = bucket.versions.get(key);
  if (list !== undefined) {
    list.push(stored);
    return;
  }
  bucket.versions.set(key, [stored]);
  const at = bucket.keys.findIndex((other) => compareKeys(other, key) > 0);
  bucket.keys.splice(at < 0 ? bucket.keys.length : at, 0, key);
}

export function removeVersion(bucket: StoredBucket, stored: StoredVersion): void {
  const { key } = stored.version;
  const left = (bucket.versions.get(key) ?? []).filter((other) => other !== stored);
  if (left.length > 0) {
    bucket.versions.set(key, left);
    return;
  }
  bucket.versions.delete(key);
  bucket.keys = bucket.keys.filter((other) => other !== key);
}
