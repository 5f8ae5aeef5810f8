import { checkRegister, type RegisterOperation, readsOfListing, type Verdict } from '@sealgate/testkit/history';

export interface Interval {
  readonly began: number;
  readonly ended: number;
  readonly label: string;
}

/** What the clients of a race did and saw, key by key. Values are ETags: no two bodies of a race are equal. */
export interface RaceHistory {
  /** Milliseconds on the one clock of all clients. */
  now(): number;
  note(key: string, operation: RegisterOperation): void;
  /** A whole listing, which says something of every key. */
  noteListing(shown: ReadonlyMap<string, string>, interval: Interval): void;
  /** A request that got no answer, or one that says only that the gateway could not serve it: its status and code. */
  noteFailure(what: string): void;
  readonly failures: readonly string[];
  operations(key: string): readonly RegisterOperation[];
  readonly keys: readonly string[];
  readonly size: number;
}

export function createRaceHistory(keys: readonly string[]): RaceHistory {
  const byKey = new Map<string, RegisterOperation[]>(keys.map((key) => [key, []]));
  const failures: string[] = [];
  let size = 0;
  const note = (key: string, operation: RegisterOperation): void => {
    byKey.get(key)?.push(operation);
  };
  return {
    now: () => performance.now(),
    note(key, operation) {
      size += 1;
      note(key, operation);
    },
    noteListing(shown, interval) {
      size += 1;
      for (const [key, read] of readsOfListing(keys, shown, interval)) note(key, read);
    },
    noteFailure: (what) => void failures.push(what),
    failures,
    operations: (key) => byKey.get(key) ?? [],
    keys,
    get size() {
      return size;
    },
  };
}

/** Each key by itself: linearizability is a local property. Names the keys whose history no order explains. */
export function brokenKeys(history: RaceHistory): { key: string; verdict: Verdict }[] {
  return history.keys
    .map((key) => ({ key, verdict: checkRegister(history.operations(key)) }))
    .filter(({ verdict }) => !verdict.ok);
}

/**
 * A read that no right store gives: of a value that, by a compare-and-set that passed, was gone before the read began.
 * Undefined when the history has no such write.
 */
export function staleRead(operations: readonly RegisterOperation[]): RegisterOperation | undefined {
  for (const operation of operations) {
    if (operation.kind !== 'write' || operation.ended === Infinity) continue;
    const { expected, ended } = operation;
    if (expected === undefined || !('is' in expected) || expected.is === null) continue;
    return { kind: 'read', value: expected.is, began: ended + 1e-6, ended: ended + 2e-6, label: 'planted' };
  }
  return undefined;
}
