import { needsOfAck, needsOfSpread } from '../placement/needs.ts';
import { searchPlacement } from '../placement/search.ts';
import type { LabelNeeds } from '../placement/tables.ts';
import { labelOf } from '../places/labels.ts';
import type { Label, RedundancyClass } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';

/** The labels that say how much is lost at once. */
export const riskLabels = ['region', 'country', 'provider', 'jurisdiction', 'operatorJurisdiction'] as const;
export type RiskLabel = (typeof riskLabels)[number];

/** The placement that a class allows and that has the fewest different values of a label. */
export interface WorstPlacement {
  readonly label: RiskLabel;
  /** Different known values. An unknown one counts for nothing, since it may be any of the others. */
  readonly values: readonly string[];
  /** Backends of it whose value nobody knows. */
  readonly unknown: number;
  readonly backends: readonly Backend['id'][];
}

/** Sets of values that are searched for one label, and steps of such a search: with real places the first ones succeed. */
const SEARCHES_MAX = 100;
const STEPS_MAX = 500;

/**
 * For each label, how close together the class lets the copies or shards of one object lie among these backends. The
 * searches are bounded, so that a label for which none ended in time is left out; what is told is a placement that may
 * happen.
 */
export function worstPlacements(
  redundancyClass: RedundancyClass,
  legal: readonly Backend[],
): readonly WorstPlacement[] {
  return riskLabels.flatMap((label) => {
    const found = fewest(redundancyClass, legal, label);
    if (found === undefined) return [];
    const known = found.map((backend) => labelOf(backend, label)).filter((value) => value !== undefined);
    const backends = found.map(({ id }) => id);
    return [{ label, values: [...new Set(known)].sort(), unknown: found.length - known.length, backends }];
  });
}

function fewest(
  redundancyClass: RedundancyClass,
  legal: readonly Backend[],
  label: RiskLabel,
): readonly Backend[] | undefined {
  const { width } = redundancyClass;
  const unknown = legal.filter((backend) => labelOf(backend, label) === undefined);
  const groups = [...Map.groupBy(legal, (backend) => labelOf(backend, label))]
    .filter(([value]) => value !== undefined)
    .map(([, members]) => members)
    .sort((a, b) => b.length - a.length);
  let searches = 0;
  const least = Math.max(leastOf(label, needsOfSpread(redundancyClass)), leastAtAck(label, redundancyClass));
  for (let count = least; count <= Math.min(width, groups.length); count += 1) {
    for (const chosen of largestFirst(groups, count, width - unknown.length)) {
      searches += 1;
      if (searches > SEARCHES_MAX) return undefined;
      const found = searchAmong(redundancyClass, [...chosen.flat(), ...unknown]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function searchAmong(redundancyClass: RedundancyClass, candidates: readonly Backend[]): readonly Backend[] | undefined {
  const { width, spread } = redundancyClass;
  const problem = {
    ...{ candidates, writable: candidates.length, writes: width, width, within: spread.within },
    ...{ writeNeeds: needsOfAck(redundancyClass), allNeeds: needsOfSpread(redundancyClass) },
  };
  return searchPlacement(problem, STEPS_MAX);
}

function leastOf(label: Label, needs: LabelNeeds): number {
  return needs.find(([needed]) => needed === label)?.[1] ?? 0;
}

function leastAtAck(label: Label, redundancyClass: RedundancyClass): number {
  const ways = needsOfAck(redundancyClass).map((needs) => leastOf(label, needs));
  return ways.length === 0 ? 0 : Math.min(...ways);
}

/** Sets of `count` groups that have `members` members at least, those of the largest groups first. */
function* largestFirst<T>(
  groups: readonly (readonly T[])[],
  count: number,
  members: number,
  from = 0,
): Generator<readonly (readonly T[])[]> {
  if (count === 0) {
    if (members <= 0) yield [];
    return;
  }
  for (let at = from; at + count <= groups.length; at += 1) {
    const group = groups[at] ?? [];
    // They are sorted: when the largest that are left have too few members, all others have.
    if (groups.slice(at, at + count).reduce((sum, each) => sum + each.length, 0) < members) return;
    for (const rest of largestFirst(groups, count - 1, members - group.length, at + 1)) yield [group, ...rest];
  }
}
