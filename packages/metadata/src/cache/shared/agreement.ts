import type { CacheView } from '@sealgate/core/ports';
import { LEASE_MARGIN } from '../limits.ts';

// What a process may conclude from what the database shows of the others. Why it is right: the ADR of the shared cache.

/**
 * Nobody uses an entry of an older epoch any more: every other member says that it knows this one, or every lease that
 * was given under an older one is over. `sinceMs`: when this process first heard of the epoch.
 */
export function isQuiet(
  view: CacheView,
  self: { readonly id: string; readonly sinceMs: number; readonly nowMs: number },
): boolean {
  const waitedMs = self.nowMs - self.sinceMs;
  return view.members.every(
    ({ id, seen, leaseMs }) => id === self.id || seen >= view.epoch || waitedMs >= leaseMs * (1 + LEASE_MARGIN),
  );
}

/** No change that knows nothing of this epoch's space can still reach the database. */
export function isReady(view: CacheView, self: string): boolean {
  return view.members.every(({ id, drained }) => id === self || drained >= view.epoch);
}

/** The one incarnation that all members are connected to; undefined when one of them is not, or to another. */
export function commonReach(view: CacheView): string | undefined {
  const [first, ...others] = view.members.map(({ reach }) => reach);
  if (first === undefined || first === null) return undefined;
  return others.every((reach) => reach === first) ? first : undefined;
}

/** How long each member has been silent, by the clock of whoever looks. */
export interface SilenceWatch {
  /** Members that have not renewed for their lease and `beyondMs`, with the beat at which they stopped. */
  silent(view: CacheView, nowMs: number, beyondMs: number): readonly { readonly id: string; readonly beat: bigint }[];
}

export function createSilenceWatch(): SilenceWatch {
  let heard = new Map<string, { readonly beat: bigint; readonly sinceMs: number }>();
  return {
    silent({ members }, nowMs, beyondMs) {
      heard = new Map(
        members.map(({ id, beat }) => {
          const known = heard.get(id);
          return [id, known?.beat === beat ? known : { beat, sinceMs: nowMs }];
        }),
      );
      return members.filter(({ id, leaseMs }) => {
        const sinceMs = heard.get(id)?.sinceMs ?? nowMs;
        return nowMs - sinceMs >= leaseMs * (1 + LEASE_MARGIN) + beyondMs;
      });
    },
  };
}
