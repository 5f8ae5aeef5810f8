import type { BackendId } from '../names/index.ts';
import type { CompiledPolicy, PlacementScope, RedundancyClass } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';

export interface PlacementRequest {
  readonly policy: CompiledPolicy;
  readonly redundancyClass: RedundancyClass;
  readonly scope: PlacementScope;
  readonly backends: readonly Backend[];
  /** Backends that take writes now (healthy or degraded, with credentials here). */
  readonly writable: ReadonlySet<BackendId>;
  /** Seeds the weighted rendezvous hash, so that a blob's choice is stable while the set is. Usually the blob id. */
  readonly seed: string;
}

export interface Refusal {
  readonly backend: BackendId;
  readonly rule: string;
  readonly reason: string;
}

export type Placement =
  | {
      readonly ok: true;
      /** Write to these now. For erasure layouts the position is the shard: `write` first, then `owed`. */
      readonly write: readonly Backend[];
      /** Legal backends that the class wants but that take no writes now: their replicas are committed as `missing`. */
      readonly owed: readonly Backend[];
      /** Legal and writable but not chosen, best first: stand-ins for a target that fails early. */
      readonly spares: readonly Backend[];
    }
  | {
      readonly ok: false;
      /** `illegal`: no health could make it right. `unavailable`: it would hold with every legal backend writable. */
      readonly kind: 'illegal' | 'unavailable';
      readonly rule: string;
      readonly reason: string;
      readonly refusals: readonly Refusal[];
    };
