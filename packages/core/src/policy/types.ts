import type { CompiledAckRule } from '../ack/types.ts';
import type { Backend, BlobLayout, EncryptionMode } from '../ports/index.ts';

/** The labels of a backend that rules count and compare. */
export type Label = 'backend' | 'region' | 'country' | 'provider' | 'jurisdiction' | 'operatorJurisdiction';

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
  /** True when the document names no classes, so that a narrower policy may define its own. */
  readonly openClasses: boolean;
  /** May bytes lie on this backend? Names the rule either way. Unknown facts fail closed. */
  admits(backend: Backend, scope: PlacementScope): Verdict;
}

/** What narrows a policy for one bucket or one object; it can never widen it. */
export interface PlacementScope {
  /** Jurisdictions (`EU`, `EEA`, ...) and country codes; empty: no further limit. */
  readonly regionLock: readonly string[];
}
