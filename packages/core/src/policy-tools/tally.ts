import type { Reconciliation } from '../placement/index.ts';
import type { Backend, BlobRecord } from '../ports/index.ts';

/** What a policy would do to stored bytes; tallies of parts add up to the tally of the whole. */
export interface SimulationTally {
  /** Blobs of other policies, which nothing happens to. */
  readonly others: number;
  readonly right: Count;
  readonly changed: Count;
  readonly blocked: readonly (Count & { readonly cause: 'illegal' | 'unavailable'; readonly rule: string })[];
  /** Replicas that come to be on `to`, read from `from` as far as can be told now; sorted by nothing. */
  readonly moves: readonly Move[];
  /** Replicas that leave, by the rule that makes them. */
  readonly leaving: readonly (Count & { readonly backend: string; readonly rule: string })[];
  /** Bytes that each backend holds of these blobs, now and when all is done. */
  readonly stored: readonly { readonly backend: string; readonly before: number; readonly after: number }[];
}

export interface Count {
  readonly blobs: number;
  readonly bytes: number;
}

export interface Move {
  readonly from: string;
  readonly to: string;
  readonly replicas: number;
  readonly bytes: number;
}

export const emptyTally: SimulationTally = {
  others: 0,
  right: { blobs: 0, bytes: 0 },
  changed: { blobs: 0, bytes: 0 },
  blocked: [],
  moves: [],
  leaving: [],
  stored: [],
};

type JudgedBlob = Pick<BlobRecord, 'bytes' | 'layout' | 'replicas'>;

/** The tally of one blob. */
export function tallyOf(blob: JudgedBlob, verdict: Reconciliation): SimulationTally {
  const one = { blobs: 1, bytes: blob.bytes };
  const each = replicaBytes(blob);
  const after = verdict.kind === 'change' ? verdict.replicas : blob.replicas;
  const stored = [
    ...blob.replicas.map((replica) => ({ replica, at: 'before' as const })),
    ...after.map((replica) => ({ replica, at: 'after' as const })),
  ]
    .filter(({ replica, at }) =>
      at === 'before' ? replica.state === 'stored' || replica.state === 'leaving' : replica.state !== 'leaving',
    )
    .map(({ replica, at }) => ({
      backend: replica.backend,
      before: at === 'before' ? each : 0,
      after: at === 'after' ? each : 0,
    }));
  const base = { ...emptyTally, stored: summed(stored, ({ backend }) => backend, add('before', 'after')) };
  if (verdict.kind === 'right') return { ...base, right: one };
  if (verdict.kind === 'blocked') return { ...base, blocked: [{ ...one, cause: verdict.cause, rule: verdict.rule }] };
  const leaving = verdict.replicas.filter((r, i) => r.state === 'leaving' && blob.replicas[i]?.state !== 'leaving');
  const rules = new Map(verdict.reasons.map(({ backend, rule }) => [backend, rule]));
  const readable = blob.replicas.filter(({ state }) => state === 'stored' || state === 'leaving');
  const coming = verdict.replicas.filter((r, i) => r.state === 'missing' && blob.replicas[i]?.state !== 'missing');
  const sources = [...leaving.filter((r) => readable.some(({ backend }) => backend === r.backend)), ...readable];
  return {
    ...base,
    changed: one,
    leaving: leaving.map(({ backend }) => ({
      backend,
      rule: rules.get(backend) ?? 'placement',
      blobs: 1,
      bytes: each,
    })),
    moves: coming.flatMap(({ backend }, i) => {
      const from = sources[i] ?? sources[0];
      return from === undefined ? [] : [{ from: from.backend, to: backend, replicas: 1, bytes: each }];
    }),
  };
}

/** Of a shard: its share of the bytes, rounded up. */
function replicaBytes({ bytes, layout }: JudgedBlob): number {
  return layout.kind === 'erasure' ? Math.ceil(bytes / layout.k) : bytes;
}

export function addTallies(a: SimulationTally, b: SimulationTally): SimulationTally {
  const sum = createTallySum();
  sum.add(a);
  sum.add(b);
  return sum.total();
}

/** Adds up many tallies. What one more costs does not grow with those that were added. */
export interface TallySum {
  add(tally: SimulationTally): void;
  total(): SimulationTally;
}

export function createTallySum(): TallySum {
  const count = add<Count>('blobs', 'bytes');
  let { others, right, changed } = emptyTally;
  type Item<Name extends 'blocked' | 'moves' | 'leaving' | 'stored'> = SimulationTally[Name][number];
  const blocked = createSum<Item<'blocked'>>(({ cause, rule }) => `${cause} ${rule}`, add('blobs', 'bytes'));
  const moves = createSum<Item<'moves'>>(({ from, to }) => `${from} ${to}`, add('replicas', 'bytes'));
  const leaving = createSum<Item<'leaving'>>(({ backend, rule }) => `${backend} ${rule}`, add('blobs', 'bytes'));
  const stored = createSum<Item<'stored'>>(({ backend }) => backend, add('before', 'after'));
  return {
    add(tally) {
      others += tally.others;
      right = count(right, tally.right);
      changed = count(changed, tally.changed);
      blocked.add(tally.blocked);
      moves.add(tally.moves);
      leaving.add(tally.leaving);
      stored.add(tally.stored);
    },
    total: () => ({
      ...{ others, right, changed },
      ...{ blocked: blocked.all(), moves: moves.all(), leaving: leaving.all(), stored: stored.all() },
    }),
  };
}

function createSum<T>(keyOf: (item: T) => string, join: (a: T, b: T) => T) {
  const sums = new Map<string, T>();
  return {
    add(items: readonly T[]): void {
      for (const item of items) {
        const key = keyOf(item);
        const known = sums.get(key);
        sums.set(key, known === undefined ? item : join(known, item));
      }
    },
    all: (): readonly T[] => [...sums.values()],
  };
}

function summed<T>(items: readonly T[], keyOf: (item: T) => string, join: (a: T, b: T) => T): readonly T[] {
  const sum = createSum(keyOf, join);
  sum.add(items);
  return sum.all();
}

function add<T>(...names: readonly (keyof T)[]): (a: T, b: T) => T {
  return (a, b) => ({ ...a, ...Object.fromEntries(names.map((name) => [name, Number(a[name]) + Number(b[name])])) });
}

/** Money in one currency. What is not priced is said in bytes, never taken for nothing. */
export interface SimulatedCost {
  readonly currency: string;
  /** Of the bytes that are read to be moved, once. */
  readonly egress: number;
  readonly storagePerMonthBefore: number;
  readonly storagePerMonthAfter: number;
}

export interface SimulatedCosts {
  readonly costs: readonly SimulatedCost[];
  readonly unpricedEgressBytes: number;
  readonly unpricedStoredBytesBefore: number;
  readonly unpricedStoredBytesAfter: number;
}

const GB = 1e9;

export function costsOf(tally: SimulationTally, backends: readonly Pick<Backend, 'id' | 'prices'>[]): SimulatedCosts {
  const prices = new Map<string, Backend['prices']>(backends.map(({ id, prices: told }) => [id, told]));
  const costs: SimulatedCost[] = [];
  const nothing = { egress: 0, storagePerMonthBefore: 0, storagePerMonthAfter: 0 };
  let [unpricedEgressBytes, unpricedStoredBytesBefore, unpricedStoredBytesAfter] = [0, 0, 0];
  for (const { from, bytes } of tally.moves) {
    const told = prices.get(from);
    if (!told || told.egressPerGb === null) unpricedEgressBytes += bytes;
    else costs.push({ ...nothing, currency: told.currency, egress: (bytes / GB) * told.egressPerGb });
  }
  for (const { backend, before, after } of tally.stored) {
    const told = prices.get(backend);
    if (!told || told.storagePerGbMonth === null) {
      unpricedStoredBytesBefore += before;
      unpricedStoredBytesAfter += after;
      continue;
    }
    const month = told.storagePerGbMonth / GB;
    costs.push({
      ...nothing,
      currency: told.currency,
      storagePerMonthBefore: before * month,
      storagePerMonthAfter: after * month,
    });
  }
  const join = add<SimulatedCost>('egress', 'storagePerMonthBefore', 'storagePerMonthAfter');
  return {
    costs: summed(costs, ({ currency }) => currency, join),
    unpricedEgressBytes,
    unpricedStoredBytesBefore,
    unpricedStoredBytesAfter,
  };
}
