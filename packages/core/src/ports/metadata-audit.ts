import type { AuditEntry } from '../audit/entry.ts';
import type { Head } from '../audit/head.ts';
import type { TreeNode } from '../audit/tree.ts';
import type { AuditActor } from './model.ts';

/** An entry that has its place in the hash tree. */
export interface SequencedEntry {
  readonly leaf: number;
  /** As it was when the leaf was given. */
  readonly hash: Uint8Array;
  readonly entry: AuditEntry;
}

export interface NewLeaf {
  readonly entry: AuditEntry;
  readonly hash: Uint8Array;
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note. */
  readonly note: string;
  readonly createdAtMs: number;
}

/** Which entries; what is missing does not matter. */
export interface AuditFilter {
  /** Id. Entries about the tenant and about its buckets. */
  readonly tenantId?: string | undefined;
  readonly bucketIds?: readonly number[] | undefined;
  readonly key?: string | undefined;
  readonly actor?: string | undefined;
  readonly actions?: readonly number[] | undefined;
  readonly requestId?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Records of requests, kept as one: the entry that is made with it has the digest of its lines. */
export interface RequestBatch {
  /** SHA-256 of `lines`. */
  readonly digest: Uint8Array;
  /** Null: of callers that belong to no tenant. */
  readonly tenantId: string | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lines: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface RemovedRequests {
  /** Where to go on: the first leaf that was not looked at, or that is too young. */
  readonly next: number;
  /** Entries whose records are gone. */
  readonly entries: number;
}

/**
 * The audit log and its hash tree. Entries are written by the changes themselves; what is here gives them their leaves and
 * reads them. Everything is append-only.
 */
export interface AuditStore {
  /** The highest number of a change that was handed out. */
  horizon(): Promise<number>;
  /** Names of transactions that hold a number and have not ended. */
  writers(): Promise<readonly string[]>;
  /** The size of the tree, and the number of the last entry in it. */
  edge(): Promise<{ readonly size: number; readonly lastSeq: number }>;
  /** Entries behind `seq` and up to `upTo`, in order. Those may grow until no writer is left that was there before. */
  unsequenced(seq: number, upTo: number, limit: number): Promise<readonly AuditEntry[]>;
  /** Adds leaves from `first` on with the subtrees they complete. False when somebody else was first: nothing happened. */
  append(first: number, leaves: readonly NewLeaf[], nodes: readonly TreeNode[]): Promise<boolean>;
  /** Hashes of complete subtrees of 256^level leaves; level 0: of leaves. */
  nodes(level: number, first: number, count: number): Promise<readonly Uint8Array[]>;

  /** In the order of leaves. */
  entries(firstLeaf: number, limit: number): Promise<readonly SequencedEntry[]>;
  /**
   * The newest first, from leaf `first` on and below leaf `below` (null: what there is). `next`: where the next page begins; null
   * at the end. A page may be short. `end`: all that matches between the next page and this leaf is in it.
   */
  search(
    filter: AuditFilter,
    page: { readonly first?: number | undefined; readonly below: number | null; readonly limit: number },
  ): Promise<{ readonly items: readonly SequencedEntry[]; readonly next: number | null; readonly end: number }>;
  /** The first leaf at or behind a time, give or take what was under way then. */
  leafAt(timeMs: number): Promise<number>;
  /** Entries about a bucket, or about one key in it with those about the bucket alone, and their blobs; by leaf. */
  entriesOf(subject: { readonly bucketId: number; readonly key: string | null }): Promise<readonly SequencedEntry[]>;
  /** Those with these numbers that have their leaf; by leaf. */
  entriesNumbered(seqs: readonly number[]): Promise<readonly SequencedEntry[]>;
  /** Entries that have the facts of backends, not those of their health; by leaf. */
  entriesOfBackends(): Promise<readonly SequencedEntry[]>;
  /** Buckets that have or had a name, the newest first. */
  bucketsNamed(
    tenantId: string | null,
    name: string,
  ): Promise<readonly { readonly id: number; readonly tenantId: string }[]>;
  /** Names behind the numbers of buckets, deleted ones too. */
  bucketNames(ids: readonly number[]): Promise<ReadonlyMap<number, { readonly name: string; readonly tenant: string }>>;

  /** The newest first. */
  checkpoints(range: {
    readonly from: number;
    readonly to: number;
    readonly limit: number;
  }): Promise<readonly StoredCheckpoint[]>;
  saveCheckpoint(checkpoint: {
    readonly size: number;
    readonly root: Uint8Array;
    readonly note: string;
  }): Promise<void>;

  /** Keeps records of requests, with the entry that vouches for them. */
  addRequests(batch: RequestBatch, actor: AuditActor): Promise<void>;
  /** Lines by the hexadecimal digest of them. */
  requests(digests: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * Removes the records of requests of entries from one leaf on that are older than a time, and says so in the log, in one
   * transaction. Looks at no more than `limit` entries, and at none from `to` on.
   */
  removeRequests(
    range: { readonly from: number; readonly to: number; readonly beforeMs: number; readonly limit: number },
    actor: AuditActor,
  ): Promise<RemovedRequests>;
  /** Entries before this leaf may have lost their records of requests, as the log says. */
  requestsRemovedBefore(): Promise<number>;
  /** Writes an entry that is about nothing in the database: an export, for example. */
  note(action: number, detail: Readonly<Record<string, unknown>>, actor: AuditActor): Promise<void>;
}

/** Signs what an auditor holds this gateway to. The key is in the keeping of whoever implements this. */
export interface AuditSigner {
  /** Names the log: the origin of its checkpoints. */
  readonly origin: string;
  /** Verifier keys that may have signed something, the newest first. */
  verifiers(): Promise<readonly string[]>;
  /** The signed note of a text, under the newest key and under those that it takes over from. */
  sign(text: string): Promise<string>;
  /** A head as compact JWS, under the newest key. */
  signHead(head: Head): Promise<string>;
  /** A new key takes over; older ones still sign beside it for `overlapMs`. The new verifier key. */
  rotate(overlapMs: number, actor: AuditActor): Promise<string>;
}
