/**
 * Is a history of one key explainable by one order of its operations (linearizable)? Wing and Gong's search with the
 * memo of Lowe ("Testing for linearizability", 2016): a state is the set of operations done and the value they left.
 *
 * An operation whose outcome nobody learnt (its client or gateway died) may have happened at any time after it began, or
 * never. A refused one did not happen: it is left out by the caller, or, when the refusal tells something of the value
 * at that moment (a precondition that did not hold), put in as an observation.
 */
interface Interval {
  /** Logical or real time; all operations of a history use the same clock. */
  readonly began: number;
  /** Infinity when the outcome is unknown. Reads and observations of unknown outcome say nothing and are to be left out. */
  readonly ended: number;
  /** For the report. */
  readonly label?: string;
}

/** What a value is said to be; null stands for "no such key". */
export type Expectation = { readonly is: string | null } | { readonly isNot: readonly (string | null)[] };

export type RegisterOperation = Interval &
  (
    | {
        readonly kind: 'write';
        /** What it leaves: null after a deletion. */
        readonly value: string | null;
        /** Of a conditional write: what must have been there at that moment. */
        readonly expected?: Expectation;
      }
    | { readonly kind: 'read'; readonly value: string | null }
    /** Something that changed nothing and told only this of the value. */
    | { readonly kind: 'observation'; readonly expected: Expectation }
  );

export type RegisterVerdict =
  | { readonly ok: true }
  /** `placed` is the end of the longest order that could be explained, by label; `left` what could not be placed behind it. */
  | { readonly ok: false; readonly placed: readonly string[]; readonly left: readonly string[] };

/** States visited before the search gives up; histories of tests stay far below. */
const STATES_MAX = 2_000_000;
/** Operations of a refused history that are named on each side. */
const NAMED_MAX = 20;

/** @throws Error when the history is too large to decide */
export function checkRegister(history: readonly RegisterOperation[], initial: string | null = null): RegisterVerdict {
  const operations = [...history].sort((a, b) => a.began - b.began || a.ended - b.ended);
  const search = createSearch(operations);
  const path: Step[] = [{ value: initial, ...search.arrive(initial), taken: undefined }];
  let best: number[] = [];
  const seen = new Set<string>();
  for (;;) {
    const step = path.at(-1);
    if (step === undefined) return refused(operations, best);
    if (search.finished) return { ok: true };
    if (step.taken !== undefined) search.undo([step.taken]);
    const index = step.choices.shift();
    step.taken = index;
    if (index === undefined) {
      const placed = path.flatMap((s) => [...s.passed, ...(s.taken === undefined ? [] : [s.taken])]);
      if (placed.length > best.length) best = placed;
      search.undo(step.passed);
      path.pop();
      continue;
    }
    search.take(index);
    const value = valueAfter(operations[index], step.value);
    const state = search.state(value);
    if (seen.has(state)) continue;
    if (seen.size >= STATES_MAX) throw new Error('the history is too large to decide');
    seen.add(state);
    path.push({ value, ...search.arrive(value), taken: undefined });
  }
}

/** One place in the order under trial. */
interface Step {
  readonly value: string | null;
  /** What changes nothing and was placed here at once. */
  readonly passed: readonly number[];
  /** Writes that are still to be tried as the next. */
  readonly choices: number[];
  taken: number | undefined;
}

/** The set of operations that are done. Everything before `first` is, so that only a short stretch is ever looked at. */
function createSearch(operations: readonly RegisterOperation[]) {
  const done = new Uint8Array(operations.length);
  /** Of known outcome. */
  const known = operations.map((op, i) => (op.ended === Infinity ? -1 : i)).filter((i) => i >= 0);
  const unknown = operations.map((op, i) => (op.ended === Infinity ? i : -1)).filter((i) => i >= 0);
  /** Place in `known` of the first that is not done. */
  let first = 0;
  const place = new Map(known.map((index, at) => [index, at]));

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
      const operation = operations[index];
      if (operation === undefined || operation.began > firstEnd) break;
      if (done[index] === 1) continue;
      indices.push(index);
      firstEnd = Math.min(firstEnd, operation.ended);
    }
    const lost = unknown.filter((index) => done[index] === 0);
    return [...indices, ...lost].filter((index) => (operations[index]?.began ?? 0) <= firstEnd);
  };

  return {
    get finished() {
      return first >= known.length;
    },
    take,
    /**
     * Places at once whatever may come now, fits the value and changes nothing: an order that has it later stays one
     * when it comes here. The writes that fit are the choices, in the order of their ends; those of unknown outcome last,
     * for they need not have happened.
     */
    arrive(value: string | null): { passed: number[]; choices: number[] } {
      const passed: number[] = [];
      for (;;) {
        const fitting = open().filter((index) => fits(operations[index], value));
        const idle = fitting.filter((index) => operations[index]?.kind !== 'write');
        if (idle.length === 0) {
          const end = (index: number): number => Math.min(operations[index]?.ended ?? 0, Number.MAX_VALUE);
          return { passed, choices: fitting.sort((a, b) => end(a) - end(b)) };
        }
        for (const index of idle) take(index);
        passed.push(...idle);
      }
    },
    undo(indices: readonly number[]): void {
      for (const index of indices) {
        done[index] = 0;
        first = Math.min(first, place.get(index) ?? first);
      }
    },
    state(value: string | null): string {
      const ahead: number[] = [];
      const limit = operations[known[first] ?? 0]?.ended ?? 0;
      // An operation that is done ahead of the first one left began before that one ended.
      for (let at = first; at < known.length; at += 1) {
        const index = known[at] ?? 0;
        if ((operations[index]?.began ?? 0) > limit) break;
        if (done[index] === 1) ahead.push(index);
      }
      const lost = unknown.filter((index) => done[index] === 1);
      return `${first}:${ahead.join(',')}:${lost.join(',')}:${value === null ? '' : `=${value}`}`;
    },
  };
}

function fits(operation: RegisterOperation | undefined, value: string | null): boolean {
  if (operation === undefined) return false;
  if (operation.kind === 'read') return operation.value === value;
  return operation.expected === undefined || holds(operation.expected, value);
}

function holds(expected: Expectation, value: string | null): boolean {
  return 'is' in expected ? expected.is === value : !expected.isNot.includes(value);
}

function valueAfter(operation: RegisterOperation | undefined, value: string | null): string | null {
  return operation?.kind === 'write' ? operation.value : value;
}

function refused(operations: readonly RegisterOperation[], best: readonly number[]): RegisterVerdict {
  const label = (index: number): string => describe(operations[index], index);
  const placed = new Set(best);
  const left = operations.map((_, i) => i).filter((i) => !placed.has(i) && operations[i]?.ended !== Infinity);
  return { ok: false, placed: best.slice(-NAMED_MAX).map(label), left: left.slice(0, NAMED_MAX).map(label) };
}

function describe(operation: RegisterOperation | undefined, index: number): string {
  if (operation === undefined) return `#${index}`;
  const { kind, began, ended, label } = operation;
  const value = operation.kind === 'observation' ? '' : ` ${operation.value ?? 'nothing'}`;
  const { expected } = operation.kind === 'read' ? { expected: undefined } : operation;
  const when = expected === undefined ? '' : ` when ${JSON.stringify(expected)}`;
  return `${label ?? `#${index}`} ${kind}${value}${when} [${began}, ${ended}]`;
}

/**
 * A listing as what it says of each key: one that it does not show is absent. Only for keys that its page covers.
 * @param shown value by key
 */
export function readsOfListing(
  keys: readonly string[],
  shown: ReadonlyMap<string, string>,
  interval: Interval,
): ReadonlyMap<string, RegisterOperation> {
  return new Map(
    keys.map((key): [string, RegisterOperation] => [key, { kind: 'read', value: shown.get(key) ?? null, ...interval }]),
  );
}
