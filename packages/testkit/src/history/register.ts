/**
 * Is a history of one key explainable by one order of its operations (linearizable)? Wing and Gong's search with the
 * memo of Lowe ("Testing for linearizability", 2016): a state is the set of operations done and the value they left.
 *
 * An operation whose outcome nobody learnt (its client or gateway died) may have happened at any time after it began, or
 * never. A refused one did not happen and must be left out by the caller.
 */
export interface RegisterOperation {
  /** What is written or was read; null stands for "no such key". */
  readonly value: string | null;
  readonly kind: 'write' | 'read';
  /** Logical or real time; all operations of a history use the same clock. */
  readonly began: number;
  /** Infinity when the outcome is unknown. Reads of unknown outcome say nothing and are to be left out. */
  readonly ended: number;
  /** For the report. */
  readonly label?: string;
}

export type RegisterVerdict =
  | { readonly ok: true }
  /** `stuck` is the longest prefix that could be explained, by label; `left` what could not be placed behind it. */
  | { readonly ok: false; readonly placed: readonly string[]; readonly left: readonly string[] };

/** States visited before the search gives up; histories of tests stay far below. */
const STATES_MAX = 2_000_000;

/** @throws Error when the history is too large to decide */
export function checkRegister(history: readonly RegisterOperation[], initial: string | null = null): RegisterVerdict {
  if (history.length > 62) throw new Error('a register history has at most 62 operations');
  const operations = [...history].sort((a, b) => a.began - b.began);
  const must = operations.reduce((mask, op, i) => (op.ended === Infinity ? mask : mask | (1n << BigInt(i))), 0n);
  const seen = new Set<string>();
  let best: readonly number[] = [];

  const search = (done: bigint, value: string | null, path: readonly number[]): boolean => {
    if ((done & must) === must) return true;
    const state = `${done}:${value ?? ''}:${value === null ? 0 : 1}`;
    if (seen.has(state)) return false;
    if (seen.size >= STATES_MAX) throw new Error('the history is too large to decide');
    seen.add(state);
    if (path.length > best.length) best = path;
    for (const index of candidates(operations, done)) {
      const operation = operations[index];
      if (operation === undefined || (operation.kind === 'read' && operation.value !== value)) continue;
      const next = operation.kind === 'write' ? operation.value : value;
      if (search(done | (1n << BigInt(index)), next, [...path, index])) return true;
    }
    return false;
  };

  if (search(0n, initial, [])) return { ok: true };
  const label = (index: number): string => describe(operations[index], index);
  const left = operations.map((_, i) => i).filter((i) => !best.includes(i) && operations[i]?.ended !== Infinity);
  return { ok: false, placed: best.map(label), left: left.map(label) };
}

/** Operations that may come next: not done, and begun before every other one that is not done had ended. */
function candidates(operations: readonly RegisterOperation[], done: bigint): number[] {
  let firstEnd = Infinity;
  for (const [i, op] of operations.entries()) {
    if ((done & (1n << BigInt(i))) === 0n) firstEnd = Math.min(firstEnd, op.ended);
  }
  const next: number[] = [];
  for (const [i, op] of operations.entries()) {
    if ((done & (1n << BigInt(i))) === 0n && op.began <= firstEnd) next.push(i);
  }
  return next;
}

function describe(operation: RegisterOperation | undefined, index: number): string {
  if (operation === undefined) return `#${index}`;
  const { kind, value, began, ended, label } = operation;
  return `${label ?? `#${index}`} ${kind} ${value ?? 'nothing'} [${began}, ${ended}]`;
}
