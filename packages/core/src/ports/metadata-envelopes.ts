import type { ObjectKey, VersionId } from '../names/index.ts';
import type { AuditActor, EnvelopeRecord } from './model.ts';

/** The one format whose envelope is apart from its body, so that it can be replaced. */
export const SEALED_FORMAT = 'sgo1/floe-a256gcm-64k';

/** A version's envelope, and what somebody needs who replaces it. */
export interface StoredEnvelope {
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  readonly envelope: EnvelopeRecord;
  /** Retention or a legal hold keeps it as it is. */
  readonly locked: boolean;
}

export interface ListEnvelopes {
  readonly bucketId: number;
  readonly prefix: string;
  /** Versions behind this one, by key ascending and newest first; null: from the start. */
  readonly after: { readonly key: ObjectKey; readonly seq: bigint } | null;
  /**
   * Ids of the keys that an envelope should be sealed to, the primary one first. Told are those that are sealed to other
   * keys, to fewer or to more, or have another primary one.
   */
  readonly wanted: readonly string[];
  /** Envelopes of a page. */
  readonly limit: number;
  /** Versions that are looked at for a page, whatever they are. */
  readonly look: number;
}

export interface EnvelopesPage {
  readonly envelopes: readonly StoredEnvelope[];
  /** Versions that were looked at, so that progress can be told. */
  readonly looked: number;
  /** To go on `after`; null when nothing is left. A page may be empty and not the last one. */
  readonly next: { readonly key: ObjectKey; readonly seq: bigint } | null;
}

/** Another envelope for a version, whose bytes stay. */
export interface EnvelopeChange {
  readonly key: ObjectKey;
  readonly seq: bigint;
  /** What its envelope must still say. */
  readonly expected: { readonly keyId: string; readonly keyVersion: number };
  readonly envelope: EnvelopeRecord;
}

/**
 * `gone`: there is no such version, or it has no envelope. `conflict`: its envelope is not the expected one any more.
 * `locked`: see StoredEnvelope.
 */
export type EnvelopeOutcome = 'changed' | 'gone' | 'conflict' | 'locked';

export interface ChangeEnvelopes {
  readonly bucketId: number;
  /** At most `ENVELOPES_AT_ONCE_MAX`, no version twice. */
  readonly changes: readonly EnvelopeChange[];
  /** The caller has the right to change what GOVERNANCE retention keeps, and asked to use it. */
  readonly bypassGovernance?: boolean;
  readonly actor: AuditActor;
}

/** Key envelopes of versions, which may be replaced without their bytes: rotation of keys. */
export interface MetadataEnvelopes {
  /**
   * One transaction. Each change stands for itself: those that fit are made, whatever becomes of the others. Manifests
   * of the bucket are requested, so that the envelopes before leave the backends.
   *
   * @returns what became of each change, in their order
   * @throws Fault NoSuchBucket
   */
  changeEnvelopes(request: ChangeEnvelopes): Promise<readonly EnvelopeOutcome[]>;
  listEnvelopes(request: ListEnvelopes): Promise<EnvelopesPage>;
}
