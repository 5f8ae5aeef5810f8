/**
 * Is a history explainable by one order of its operations (linearizable)? Wing and Gong's search with the memo of Lowe
 * ("Testing for linearizability", 2016): what has been tried is the set of operations done and the state they left.
 *
 * An operation whose outcome nobody learnt (its client or gateway died) may have happened at any time after it began, or
 * never.
 */
export interface Interval {
  /** Logical or real time; all operations of a history use the same clock. */
  readonly began: number;
  /** Infinity when the outcome is unknown. What changes nothing and is of unknown outcome says nothing: leave it out. */
  readonly ended: number;
  /** For the report. */
  readonly label?: string;
}

/** An operation as what it does to a state, which is any text. */
export interface Step extends Interval {
  /** The state behind it; undefined where it cannot have happened with the outcome it had. */
  apply(state: string): string | undefined;
  /** Leaves every state as it is. */
  readonly idle: boolean;
  readonly what: string;
}

export type Verdict =
  | { readonly ok: true }
  /** `placed` is the end of the longest order that could be explained, by label; `left` what could not be placed behind it. */
  | { readonly ok: false; readonly placed: readonly string[]; readonly left: readonly string[] };

/** States visited before the search gives up; histories of tests stay far below. */
const STATES_MAX = 2_000_000;
/** Operations of a refused history that are named on each side. */
const NAMED_MAX = 20;

/** @throws Error when the history is too large to decide */
export function findOrder(history: readonly Step[], initial: string): Verdict {
  const steps = [...history].sort((a, b) => a.began - b.began || Math.min(a.ended, LATE) - Math.min(b.ended, LATE));
  const search = createSearch(steps);
  const path: Place[] = [{ state: initial, ...search.arrive(initial), taken: undefined }];
  let best: number[] = [];
  const seen = new Set<string>();
  for (;;) {
    const place = path.at(-1);
    if (place === undefined) return refused(steps, best);
    if (search.finished) return { ok: true };
    if (place.taken !== undefined) search.undo([place.taken]);
    const index = place.choices.shift();
    place.taken = index;
    if (index === undefined) {
      const placed = path.flatMap((p) => [...p.passed, ...(p.taken === undefined ? [] : [p.taken])]);
      if (placed.length > best.length) best = placed;
      search.undo(place.passed);
      path.pop();
      continue;
    }
    const state = steps[index]?.apply(place.state) ?? place.state;
    search.take(index);
    const tried = search.describe(state);
    if (seen.has(tried)) continue;
    if (seen.size >= STATES_MAX) throw new Error('the history is too large to decide');
    seen.add(tried);
    path.push({ state, ...search.arrive(state), taken: undefined });
  }
}

const LATE = Number.MAX_VALUE;

/** One place in the order under trial. */
interface Place {
  readonly state: string;
  /** What changes nothing and was placed here at once. */
  readonly passed: readonly number[];
  /** What is still to be tried as the next. */
  readonly choices: number[];
  taken: number | undefined;
}

/** The set of operations that are done. Everything before `first` is, so that only a short stretch is ever looked at. */
function createSearch(steps: readonly Step[]) {
  const done = new Uint8Array(steps.length);
  /** Of known outcome. */
  const known = steps.map((op, i) => (op.ended === Infinity ? -1 : i)).filter((i) => i >= 0);
  const unknown = steps.map((op, i) => (op.ended === Infinity ? i : -1)).filter((i) => i >= 0);
  /** Place in `known` of the first that is not done. */
  let first = 0;
  const placeOf = new Map(known.map((index, at) => [index, at]));

  const take = (index: number): void => {
    done[index] = 1;
    while (first < known.length && done[known[first] ?? 0] === 1) first += 1;
  };

  /** Not done, and begun before every other one of known outcome had ended. */
  const open = (): number[] => {
    let firstEnd = Infinity;
    const indices: number[] = [];
    for (let at = first; at < known.length; at += 1) {
      const index = known[at] ?? 0;
      const step = steps[index];
      if (step === undefined || step.began > firstEnd) break;
      if (done[index] === 1) continue;
      indices.push(index);
      firstEnd = Math.min(firstEnd, step.ended);
    }
    const lost = unknown.filter((index) => done[index] === 0);
    return [...indices, ...lost].filter((index) => (steps[index]?.began ?? 0) <= firstEnd);
  };

  return {
    get finished() {
      return first >= known.length;
    },
    take,
    /**
     * Places at once whatever may come now and changes nothing: an order that has it later stays one when it comes here.
     * The others that may come are the choices, in the order of their ends; those of unknown outcome last, for they need
     * not have happened.
     */
    arrive(state: string): { passed: number[]; choices: number[] } {
      const passed: number[] = [];
      for (;;) {
        const fitting = open().filter((index) => steps[index]?.apply(state) !== undefined);
        const idle = fitting.filter((index) => steps[index]?.idle === true);
        if (idle.length === 0) {
          const end = (index: number): number => Math.min(steps[index]?.ended ?? 0, LATE);
          return { passed, choices: fitting.sort((a, b) => end(a) - end(b)) };
        }
        for (const index of idle) take(index);
        passed.push(...idle);
      }
    },
    undo(indices: readonly number[]): void {
      for (const index of indices) {
        done[index] = 0;
        first = Math.min(first, placeOf.get(index) ?? first);
      }
    },
    /** The set and the state as one text, for the memo. */
    describe(state: string): string {
      const ahead: number[] = [];
      const limit = steps[known[first] ?? 0]?.ended ?? 0;
      // An operation that is done ahead of the first one left began before that one ended.
      for (let at = first; at < known.length; at += 1) {
        const index = known[at] ?? 0;
        if ((steps[index]?.began ?? 0) > limit) break;
        if (done[index] === 1) ahead.push(index);
      }
      const lost = unknown.filter((index) => done[index] === 1);
      return `${first}:${ahead.join(',')}:${lost.join(',')}:${state}`;
    },
  };
}

function refused(steps: readonly Step[], best: readonly number[]): Verdict {
  const describe = (index: number): string => {
    const step = steps[index];
    return step === undefined
      ? `#${index}`
      : `${step.label ?? `#${index}`} ${step.what} [${step.began}, ${step.ended}]`;
  };
  const placed = new Set(best);
  const left = steps.map((_, i) => i).filter((i) => !placed.has(i) && steps[i]?.ended !== Infinity);
  return { ok: false, placed: best.slice(-NAMED_MAX).map(describe), left: left.slice(0, NAMED_MAX).map(describe) };
}
