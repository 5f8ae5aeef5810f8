import type { AckRule } from '@sealgate/core/ack';
import type { Backend } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';

/** Waiting earns new patience by its share, so that waits would shrink without end. */
const WAIT_MS_MIN = 1;

/** One target of a write as the pace sees it. */
export interface TargetLag {
  readonly backend: Backend;
  /** Bytes taken from the source that this target has not taken yet. */
  readonly lagBytes: number;
}

export type PaceDecision =
  | { readonly kind: 'go' }
  /** Wait until some target drains, or `forMs` is over; `needed`: the ack rule cannot hold without a slow one. */
  | { readonly kind: 'wait'; readonly forMs: number; readonly needed: boolean }
  | { readonly kind: 'detach'; readonly backends: readonly Backend[] };

/**
 * May the source give another chunk? The client's pace is set by the targets that the ack rule needs, not by the
 * slowest copy: a target that is slow and not needed is waited for a little, then detached and left to repair.
 *
 * @param waitedMs time this write has already spent waiting for targets that the rule does not need
 * @param elapsedMs time since the write began
 */
export function decidePace(
  targets: readonly TargetLag[],
  options: {
    readonly rule: AckRule;
    readonly limits: EngineLimits;
    readonly waitedMs: number;
    readonly elapsedMs: number;
  },
): PaceDecision {
  const { rule, limits, waitedMs, elapsedMs } = options;
  const full = targets.filter((t) => t.lagBytes >= limits.lagBytes);
  const quick = targets.filter((t) => t.lagBytes < limits.slowBytes);
  const heldByQuick =
    rule.evaluate(
      quick.map((t) => t.backend),
      [],
    ) === 'held';
  if (heldByQuick) {
    if (full.length === 0) return { kind: 'go' };
    const patience = limits.patienceMs + limits.patienceShare * elapsedMs - waitedMs;
    return patience > 0
      ? { kind: 'wait', forMs: Math.max(WAIT_MS_MIN, patience), needed: false }
      : { kind: 'detach', backends: full.map((t) => t.backend) };
  }
  // The rule needs at least one of the slow ones, so the source waits for them; only a stall ends that.
  return { kind: 'wait', forMs: limits.writeStallMs, needed: true };
}
