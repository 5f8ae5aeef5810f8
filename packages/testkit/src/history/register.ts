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

/** @throws Error when the history is too large to decide */
export function checkRegister(history: readonly RegisterOperation[], initial: string | null = null): Verdict {
  return findOrder(history.map(stepOf), stateOf(initial));
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
