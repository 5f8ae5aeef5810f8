import { labelOf, reaches, share } from '../places/labels.ts';
import type { Label, RedundancyClass } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';
import { mayPlace } from './eligible.ts';
import { needsOfAck, needsOfSpread } from './needs.ts';
import { preferredWeight } from './prefer.ts';
import { refuseIllegal, refuseUnavailable } from './refuse.ts';
import { rankByRendezvous } from './rendezvous.ts';
import { searchPlacement } from './search.ts';
import type { SearchProblem } from './tables.ts';
import type { Placement, PlacementRequest, Refusal } from './types.ts';

/**
 * Chooses the backends of one blob. Pure: the same request gives the same answer in every process.
 *
 * In this order: the best full set among writable backends; the most writes with which the ack rule can hold, the
 * rest owed by legal backends that take no writes now; a refusal. See docs/spec/ack-and-placement.md.
 */
export function place(request: PlacementRequest): Placement {
  const { policy, redundancyClass, scope, writable, seed } = request;
  const legal: Backend[] = [];
  const refusals: Refusal[] = [];
  for (const backend of request.backends) {
    const verdict = mayPlace(policy, backend, scope);
    if (verdict.ok) legal.push(backend);
    else refusals.push({ backend: backend.id, rule: verdict.rule, reason: verdict.reason });
  }
  const ranked = rankByRendezvous(legal, seed, (backend) => preferredWeight(backend, policy.prefers));
  const ready = ranked.filter((backend) => writable.has(backend.id));
  const { width } = redundancyClass;
  const best = ready.slice(0, width);
  // Nearly always the first ones will do; the search begins with them too, only slower.
  if (best.length === width && liesAsWanted(redundancyClass, best)) {
    return { ok: true, write: best, owed: [], spares: sparesOf(request, ready, best) };
  }
  return searchFurther(request, { legal, ranked, ready, refusals });
}

interface Found {
  readonly legal: readonly Backend[];
  /** The legal ones, best first; `ready` are those of them that take writes. */
  readonly ranked: readonly Backend[];
  readonly ready: readonly Backend[];
  readonly refusals: readonly Refusal[];
}

function searchFurther(request: PlacementRequest, { legal, ranked, ready, refusals }: Found): Placement {
  const { redundancyClass, writable } = request;
  const { width } = redundancyClass;
  const wants = wantsOf(request);
  const full = searchPlacement({ ...wants, candidates: ready, writable: ready.length, writes: width });
  if (full !== undefined) return { ok: true, write: full, owed: [], spares: sparesOf(request, ready, full) };

  const possible = searchPlacement({ ...wants, candidates: ranked, writable: ranked.length, writes: width });
  if (possible === undefined) return refuseIllegal(redundancyClass, legal, refusals);

  const candidates = [...ready, ...ranked.filter((backend) => !writable.has(backend.id))];
  for (let writes = Math.min(width - 1, ready.length); writes > 0; writes -= 1) {
    const chosen = searchPlacement({ ...wants, candidates, writable: ready.length, writes });
    if (chosen === undefined) continue;
    const write = chosen.slice(0, writes);
    return { ok: true, write, owed: chosen.slice(writes), spares: sparesOf(request, ready, write) };
  }
  const idle = legal.filter((backend) => !writable.has(backend.id));
  return refuseUnavailable(redundancyClass, legal, {
    writable: ready.length,
    refusals: [
      ...refusals,
      ...idle.map(({ id }) => ({ backend: id, rule: 'backend.writable', reason: TAKES_NO_WRITES })),
    ],
  });
}

/** Does a complete set of backends meet spread and ack rule? */
function liesAsWanted({ spread, ack }: RedundancyClass, backends: readonly Backend[]): boolean {
  for (const label in spread.atLeast) {
    if (!reaches(backends, label as Label, spread.atLeast[label as Label] ?? 0)) return false;
  }
  return spread.within.every((label) => share(backends, label)) && ack.evaluate(backends, []) === 'held';
}

const TAKES_NO_WRITES = 'it takes no writes now';

function wantsOf({
  redundancyClass,
}: PlacementRequest): Pick<SearchProblem, 'width' | 'writeNeeds' | 'allNeeds' | 'within'> {
  return {
    width: redundancyClass.width,
    writeNeeds: needsOfAck(redundancyClass),
    allNeeds: needsOfSpread(redundancyClass),
    within: redundancyClass.spread.within,
  };
}

/** Those that could join the chosen ones without breaking what all must share. */
function sparesOf(
  request: PlacementRequest,
  ready: readonly Backend[],
  chosen: readonly Backend[],
): readonly Backend[] {
  const { within } = request.redundancyClass.spread;
  const [first] = chosen;
  return ready.filter(
    (backend) =>
      !chosen.includes(backend) &&
      within.every((label) => first !== undefined && labelOf(backend, label) === labelOf(first, label)),
  );
}
