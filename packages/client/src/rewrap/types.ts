import type { Keyring } from '../keyring.ts';

/** A version's envelope, as the gateway has it. */
export interface ListedEnvelope {
  readonly key: string;
  readonly versionId: string;
  readonly keyId: string;
  readonly keyVersion: number;
  readonly envelope: string;
  readonly locked: boolean;
}

export interface EnvelopeQuery {
  readonly bucket: string;
  readonly prefix: string;
  /** Ids of the keys that envelopes should be sealed to, the primary one first. */
  readonly sealedTo: readonly string[];
}

export interface NewEnvelope {
  readonly key: string;
  readonly versionId: string;
  readonly expected: { readonly keyId: string; readonly keyVersion: number };
  readonly envelope: string;
  readonly keyVersion: number;
}

export interface ChangedEnvelope {
  readonly outcome: 'changed' | 'gone' | 'conflict' | 'locked' | 'refused';
  /** Of a refusal. */
  readonly reason?: string | undefined;
}

/** Where envelopes are: the REST interface of a gateway. */
export interface EnvelopeStore {
  /** Those of a bucket that are sealed to others, page by page; a page may be empty. */
  pages(query: EnvelopeQuery): AsyncGenerator<readonly ListedEnvelope[], void, undefined>;
  /** How many those are. */
  count(query: EnvelopeQuery): Promise<number>;
  /** Each change stands for itself. The answers are in their order. */
  change(bucket: string, changes: readonly NewEnvelope[]): Promise<readonly ChangedEnvelope[]>;
}

export interface RewrapDeps {
  readonly store: EnvelopeStore;
  readonly keys: Keyring;
  /** The name of the tenant that owns the bucket: every envelope is bound to it. */
  readonly tenant: string;
}

export interface RewrapOptions {
  readonly bucket: string;
  readonly prefix: string;
  /** Tell what would be done, and change nothing. No private key is used. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Envelopes that were dealt with, whatever came of it. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface RewrapReport {
  /** With `dryRun`: would be. */
  readonly changed: number;
  /** Object lock keeps their envelopes. */
  readonly locked: number;
  /** None of the owner's keys opens them. */
  readonly withoutKey: number;
  /** Somebody changed or removed them meanwhile. */
  readonly overtaken: number;
  /** The bucket's policy does not take the new recipients. */
  readonly refused: number;
  /** Envelopes that are not what they say: forged, swapped or broken. Nothing of them was changed. */
  readonly damaged: number;
  /** The first ones of the last three kinds, in words. */
  readonly problems: readonly { readonly key: string; readonly versionId: string; readonly problem: string }[];
}
