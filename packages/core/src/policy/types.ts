import type { CompiledAckRule } from '../ack/types.ts';
import type { Label } from '../places/labels.ts';
import type { Backend, BlobLayout, EncryptionMode } from '../ports/index.ts';
import type { Situation, WriteFacts } from './expressions/index.ts';

export type { Label };

/** How the copies of one blob must lie apart, or together. */
export interface Spread {
  /** At least so many different values of a label among the chosen backends. */
  readonly atLeast: Readonly<Partial<Record<Label, number>>>;
  /** All chosen backends share one value of each of these labels (RegionalClass: `country`). */
  readonly within: readonly Label[];
}

export interface RedundancyClass {
  readonly name: string;
  readonly layout: BlobLayout;
  /** Backends a blob wants: n copies, or k + m shards. */
  readonly width: number;
  readonly spread: Spread;
  readonly ack: CompiledAckRule;
}

/** The rule of an admission by a policy that restricts nothing. */
export const UNRESTRICTED = 'policy.unrestricted';

export type Verdict =
  | { readonly ok: true; readonly rule: string }
  | { readonly ok: false; readonly rule: string; readonly reason: string };

/** A policy after compilation: a value without I/O, the same for every gateway that reads the same document. */
export interface CompiledPolicy {
  readonly name: string;
  readonly version: number;
  readonly encryption: EncryptionMode | null;
  /** Backends with object lock hear of the retention of versions. */
  readonly pushesLocks: boolean;
  /** Class names that a client may ask for, the default one first. */
  readonly classes: ReadonlyMap<string, RedundancyClass>;
  readonly defaultClass: string;
  /** The document names it; else it is what is taken where nobody says. */
  readonly saysDefaultClass: boolean;
  /** True when the document names no classes, so that a narrower policy may define its own. */
  readonly openClasses: boolean;
  /** What the envelopes of strict buckets must be, beyond being sealed. */
  readonly envelopes: EnvelopeRules;
  /** Bounds of the retention of versions, and what one gets that asks for none. */
  readonly retention: RetentionRules;
  /** Which of the allowed backends are taken rather than others; null: by weight alone. */
  readonly prefers: Preference | null;
  /** True when a rule asks for facts of the bucket or for the time: such a policy must be bound to be of use. */
  readonly needsSituation: boolean;
  /** May bytes lie on this backend? Names the rule either way. Unknown facts fail closed. */
  admits(backend: Backend, scope: PlacementScope): Verdict;
  /** The rule that refuses a write as a whole, with its reason for the client; undefined when none does. */
  refusesWrite(write: WriteFacts, situation: Situation): { readonly rule: string; readonly reason: string } | undefined;
}

export interface EnvelopeRules {
  /** Formats that strict buckets take. null: nobody said, which means sealed objects (`sgo1`) alone. */
  readonly formats: readonly string[] | null;
  /** Algorithms that may wrap the content key; null: every one that the format knows. */
  readonly keyAlgorithms: readonly string[] | null;
  /** Key ids that every envelope must name as recipients. */
  readonly requiredRecipients: readonly string[];
  /** `signed`: every object brings a manifest that a writer of the tenant's keyring signed. null: nobody asks for one. */
  readonly manifest: 'signed' | null;
}

export interface RetentionRules {
  /** Days; 0: no bound. Where it is not 0, a bucket without object lock takes no writes. */
  readonly minimumDays: number;
  /** Days; null: no bound. */
  readonly maximumDays: number | null;
  /** What a new version gets that neither its writer nor its bucket says anything about. */
  readonly byDefault: { readonly mode: RetentionMode; readonly days: number } | null;
  /** COMPLIANCE: no version may be locked under GOVERNANCE. */
  readonly mode: RetentionMode | null;
}

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE';

/** Exponents: with weight 1, a backend at half the price is taken twice as often. */
export interface Preference {
  readonly price: number;
  readonly latency: number;
  /** ISO 4217; prices in another currency are not known. */
  readonly currency: string;
}

/** What narrows a policy for one bucket or one object; it can never widen it. */
export interface PlacementScope extends Situation {
  /** Jurisdictions (`EU`, `EEA`, ...) and country codes; empty: no further limit. */
  readonly regionLock: readonly string[];
}
