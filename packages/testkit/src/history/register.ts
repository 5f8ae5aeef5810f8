import { findOrder, type Interval, type Step, type Verdict } from './search.ts';

/** What a value is said to be; null stands for "no such key". */
export type Expectation = { readonly is: string | null } | { readonly isNot: readonly (string | null)[] };

/**
 * One key as a register. A refused operation did not happen: it is left out by the caller, or, when the refusal tells
 * something of the value at that moment (a precondition that did not hold), put in as an observation.
 */
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

/**
 * Writes of unknown outcome are what makes a history large: each may be placed anywhere behind its beginning. One whose value
 * somebody read was done by then; one whose value nobody read is left out first, since an order without it is an order.
 * @throws Error when the history is too large to decide
 */
export function checkRegister(history: readonly RegisterOperation[], initial: string | null = null): Verdict {
  const settled = settle(history);
  const search = (operations: readonly RegisterOperation[]): Verdict =>
    findOrder(operations.map(stepOf), stateOf(initial));
  const without = settled.filter(({ unseen }) => !unseen);
  if (without.length < settled.length) {
    const verdict = search(without.map(({ operation }) => operation));
    if (verdict.ok) return verdict;
  }
  return search(settled.map(({ operation }) => operation));
}

interface Settled {
  readonly operation: RegisterOperation;
  /** A write of unknown outcome whose value no other operation names. */
  readonly unseen: boolean;
}

function settle(history: readonly RegisterOperation[]): readonly Settled[] {
  const writers = new Map<string, number>();
  const seenBy = new Map<string, number>();
  for (const operation of history) {
    if (operation.kind === 'write' && operation.value !== null)
      writers.set(operation.value, (writers.get(operation.value) ?? 0) + 1);
    const seen = seenIn(operation);
    if (seen !== null) seenBy.set(seen, Math.min(seenBy.get(seen) ?? Infinity, operation.ended));
  }
  return history.map((operation) => {
    const lost = operation.kind === 'write' && operation.ended === Infinity ? operation.value : null;
    // Of two writers of one value, whichever was seen may have been the other.
    if (lost === null || writers.get(lost) !== 1) return { operation, unseen: false };
    const ended = Math.max(operation.began, seenBy.get(lost) ?? Infinity);
    return { operation: { ...operation, ended }, unseen: !seenBy.has(lost) };
  });
}

/** The value that was there at some moment before the operation ended, if it says one. */
function seenIn(operation: RegisterOperation): string | null {
  if (operation.kind === 'read') return operation.value;
  const { expected } = operation;
  return expected !== undefined && 'is' in expected ? expected.is : null;
}

const stateOf = (value: string | null): string => (value === null ? '' : `=${value}`);
const valueOf = (state: string): string | null => (state === '' ? null : state.slice(1));

function stepOf(operation: RegisterOperation): Step {
  const { began, ended, label } = operation;
  const interval = { began, ended, ...(label === undefined ? {} : { label }) };
  switch (operation.kind) {
    case 'read': {
      const wanted = stateOf(operation.value);
      const what = `read ${operation.value ?? 'nothing'}`;
      return { ...interval, what, idle: true, apply: (state) => (state === wanted ? state : undefined) };
    }
    case 'observation': {
      const { expected } = operation;
      const what = `saw ${JSON.stringify(expected)}`;
      return { ...interval, what, idle: true, apply: (state) => (holds(expected, valueOf(state)) ? state : undefined) };
    }
    case 'write': {
      const { expected, value } = operation;
      const next = stateOf(value);
      const what = `write ${value ?? 'nothing'}${expected === undefined ? '' : ` when ${JSON.stringify(expected)}`}`;
      const apply = (state: string): string | undefined =>
        expected === undefined || holds(expected, valueOf(state)) ? next : undefined;
      return { ...interval, what, idle: false, apply };
    }
  }
}

export function holds(expected: Expectation, value: string | null): boolean {
  return 'is' in expected ? expected.is === value : !expected.isNot.includes(value);
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
