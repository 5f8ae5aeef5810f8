import { PLACEMENT_STARTS_MAX, PLACEMENT_STEPS_MAX } from '../limits.ts';
import type { Backend } from '../ports/index.ts';
import { createTables, type SearchProblem } from './tables.ts';

/**
 * The first set in the order of the candidates that meets the problem, or undefined when there is none.
 *
 * Depth first, taking before leaving out, so the answer is the best one lexicographically. Two things keep it small: a
 * branch ends as soon as the slots or the candidates left cannot supply the values a need still lacks, and candidates
 * with equal labels are alternatives only once per level. Distinct counts over several labels at once are a hard
 * problem in general, so the steps are bounded; past the bound a few greedy passes cover the needs as well as they can.
 */
export function searchPlacement(
  problem: SearchProblem,
  stepsMax: number = PLACEMENT_STEPS_MAX,
): readonly Backend[] | undefined {
  const search = createSearch(problem, stepsMax);
  const found = search.exact(0) ? search.chosen : search.exhausted() ? search.greedy() : undefined;
  return found?.map((index) => problem.candidates[index]).filter((backend) => backend !== undefined);
}

interface Search {
  readonly chosen: number[];
  readonly exact: (from: number) => boolean;
  readonly exhausted: () => boolean;
  readonly greedy: () => readonly number[] | undefined;
}

function createSearch(problem: SearchProblem, stepsMax: number): Search {
  const { candidates, writable, writes, width, within } = problem;
  const tables = createTables(problem);
  const { signatures, fits, viable, lacking } = tables;
  const chosen: number[] = [];
  let steps = 0;

  /** Room for a candidate at `index` in its part: among the writes, or among the owed ones once the writes are full. */
  const hasRoom = (index: number): boolean =>
    index < writable ? chosen.length < writes : chosen.length >= writes && chosen.length < width;

  const exact = (from: number): boolean => {
    if (chosen.length === width) return true;
    const tried = new Set<number>();
    const start = chosen.length >= writes ? Math.max(from, writable) : from;
    const end = chosen.length < writes ? writable : candidates.length;
    const wanted = chosen.length < writes ? writes - chosen.length : width - chosen.length;
    for (let index = start; index + wanted <= end; index += 1) {
      const signature = signatures[index] ?? 0;
      if (tried.has(signature) || !fits(index, chosen)) continue;
      tried.add(signature);
      steps += 1;
      if (steps > stepsMax) return false;
      chosen.push(index);
      if (viable(chosen, index + 1) && exact(index + 1)) return true;
      chosen.pop();
    }
    return false;
  };

  /** Takes, for each slot, the candidate after which most needs are covered; the order breaks ties. */
  const greedy = (): readonly number[] | undefined => {
    const starts = within.length === 0 ? [-1] : firstOfEach(signatures).slice(0, PLACEMENT_STARTS_MAX);
    for (const start of starts) {
      chosen.length = 0;
      if (start >= 0 && hasRoom(start) && fits(start, chosen)) chosen.push(start);
      while (chosen.length < width) {
        let best = -1;
        let bestLack = Number.POSITIVE_INFINITY;
        for (let index = 0; index < candidates.length; index += 1) {
          if (!hasRoom(index) || chosen.includes(index) || !fits(index, chosen)) continue;
          const lack = lacking([...chosen, index]);
          if (lack < bestLack) [best, bestLack] = [index, lack];
        }
        if (best < 0) break;
        chosen.push(best);
      }
      if (chosen.length === width && lacking(chosen) === 0) return [...chosen];
    }
    return undefined;
  };

  return { chosen, exact, exhausted: () => steps > stepsMax, greedy };
}

/** The first index of every different value. */
function firstOfEach(values: readonly number[]): number[] {
  return [...values.keys()].filter((index) => values.indexOf(values[index] ?? 0) === index);
}
