import { labelOf } from '../places/labels.ts';
import type { Label } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';

/** Least number of different known values of each label. */
export type LabelNeeds = readonly (readonly [label: Label, atLeast: number])[];

export interface SearchProblem {
  /** Best first; the first `writable` of them take writes now, the others can only be owed a copy. */
  readonly candidates: readonly Backend[];
  readonly writable: number;
  /** How many of the writable ones to choose, and how many in all. */
  readonly writes: number;
  readonly width: number;
  /** What the writes alone must meet: all needs of one entry. No entry: nothing. */
  readonly writeNeeds: readonly LabelNeeds[];
  /** What all chosen ones must meet. */
  readonly allNeeds: LabelNeeds;
  /** Labels of which all chosen ones share one known value. */
  readonly within: readonly Label[];
}

/** Label values of the candidates as small numbers, and the questions that the search asks of them. */
export interface SearchTables {
  /** Candidates with the same number are alike in every label that the problem speaks of. */
  readonly signatures: readonly number[];
  /** May `index` join `chosen` under `within`? */
  readonly fits: (index: number, chosen: readonly number[]) => boolean;
  /** False when no choice of candidates from `from` on can complete `chosen`. True promises nothing. */
  readonly viable: (chosen: readonly number[], from: number) => boolean;
  /** Values still missing until all needs are met; 0 when they are. */
  readonly lacking: (chosen: readonly number[]) => number;
}

type Column = readonly number[];
type ColumnNeeds = readonly (readonly [column: Column, atLeast: number])[];

const UNKNOWN = -1;

export function createTables(problem: SearchProblem): SearchTables {
  const { candidates, writable, writes, width, within } = problem;
  const columns = new Map<Label, Column>();
  const columnOf = (label: Label): Column => {
    const column = columns.get(label) ?? numbered(candidates, label);
    columns.set(label, column);
    return column;
  };
  const resolve = (needs: LabelNeeds): ColumnNeeds => needs.map(([label, atLeast]) => [columnOf(label), atLeast]);
  const allNeeds = resolve(problem.allNeeds);
  const writeNeeds = problem.writeNeeds.map(resolve);
  const shared = within.map(columnOf);

  const fits = (index: number, chosen: readonly number[]): boolean =>
    shared.every((column) => {
      const value = column[index] ?? UNKNOWN;
      const first = chosen[0];
      return value !== UNKNOWN && (first === undefined || column[first] === value);
    });

  /** True when `column` has `missing` values among the candidates of [from, to) that `chosen` has not. */
  const supplies = (column: Column, chosen: readonly number[], range: Range): boolean => {
    const seen = chosen.map((index) => column[index] ?? UNKNOWN);
    let missing = range.missing;
    for (let index = range.from; index < range.to && missing > 0; index += 1) {
      const value = column[index] ?? UNKNOWN;
      if (value === UNKNOWN || seen.includes(value) || !fits(index, chosen)) continue;
      seen.push(value);
      missing -= 1;
    }
    return missing <= 0;
  };

  const reachable = (needs: ColumnNeeds, chosen: readonly number[], open: Open): boolean =>
    needs.every(([column, atLeast]) => {
      const missing = atLeast - distinct(column, chosen);
      return missing <= 0 || (missing <= open.slots && supplies(column, chosen, { ...open, missing }));
    });

  return {
    signatures: signaturesOf(
      candidates.length,
      [...columns].filter(([label]) => label !== 'backend').map(([, c]) => c),
    ),
    fits,
    viable: (chosen, from) => {
      const all = {
        slots: width - chosen.length,
        from: chosen.length < writes ? from : Math.max(from, writable),
        to: candidates.length,
      };
      if (!reachable(allNeeds, chosen, all)) return false;
      if (writeNeeds.length === 0) return true;
      const written = chosen.length > writes ? chosen.slice(0, writes) : chosen;
      const open = { slots: writes - written.length, from, to: writable };
      return writeNeeds.some((needs) => reachable(needs, written, open));
    },
    lacking: (chosen) => {
      const short = (needs: ColumnNeeds, picks: readonly number[]): number =>
        needs.reduce((sum, [column, atLeast]) => sum + Math.max(0, atLeast - distinct(column, picks)), 0);
      const written = chosen.filter((index) => index < writable);
      const forWrites = writeNeeds.length === 0 ? 0 : Math.min(...writeNeeds.map((needs) => short(needs, written)));
      return short(allNeeds, chosen) + forWrites;
    },
  };
}

interface Open {
  readonly slots: number;
  readonly from: number;
  readonly to: number;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly missing: number;
}

function numbered(candidates: readonly Backend[], label: Label): Column {
  const numbers = new Map<string, number>();
  return candidates.map((backend) => {
    const value = labelOf(backend, label);
    if (value === undefined) return UNKNOWN;
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  });
}

/** Different known values of a column among the picks, which are few. */
function distinct(column: Column, picks: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < picks.length; i += 1) {
    const value = column[picks[i] ?? 0] ?? UNKNOWN;
    if (value === UNKNOWN) continue;
    let first = 0;
    while (column[picks[first] ?? 0] !== value) first += 1;
    if (first === i) count += 1;
  }
  return count;
}

function signaturesOf(length: number, columns: readonly Column[]): readonly number[] {
  let signatures: number[] = new Array<number>(length).fill(0);
  for (const column of columns) {
    // Renumbered after each column, so that the numbers stay small whatever the labels.
    const numbers = new Map<number, number>();
    signatures = signatures.map((before, index) => {
      const joined = before * (length + 1) + (column[index] ?? UNKNOWN) + 1;
      const number = numbers.get(joined) ?? numbers.size;
      numbers.set(joined, number);
      return number;
    });
  }
  return signatures;
}
