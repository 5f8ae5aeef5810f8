import { rankByRendezvous } from '../placement/rendezvous.ts';
import type { Backend } from '../ports/index.ts';

/** What retention goes by. */
export interface BackupFacts {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly takenAtMs: number;
  /** It was verified on as many backends as were wanted. */
  readonly full: boolean;
}

/** How many days and weeks (of UTC, from Monday) keep their newest backup. */
export interface BackupRetention {
  readonly daily: number;
  readonly weekly: number;
}

/** `newest` full one; of one of the last days or weeks that have one; or `short`: newer than every full one. */
export type KeptAs = 'newest' | 'daily' | 'weekly' | 'short';

const DAY_MS = 24 * 60 * 60_000;
/** 1970 began on a Thursday. */
const DAYS_BEFORE_1970 = 3;

/**
 * Which backups stay, and why. The newest full one always does, whatever the numbers are: so nothing goes before a newer
 * one has been verified. One with too few copies stays only until there is a newer one.
 */
export function backupsToKeep(
  backups: readonly BackupFacts[],
  { daily, weekly }: BackupRetention,
): ReadonlyMap<string, readonly KeptAs[]> {
  const kept = new Map<string, KeptAs[]>();
  const keep = ({ id }: BackupFacts, as: KeptAs): void => void kept.set(id, [...(kept.get(id) ?? []), as]);
  const [newest] = newestFirst(backups);
  const full = newestFirst(backups.filter((backup) => backup.full));
  if (newest?.full === false) keep(newest, 'short');
  if (full[0] !== undefined) keep(full[0], 'newest');
  const dayOf = ({ takenAtMs }: BackupFacts): number => Math.floor(takenAtMs / DAY_MS);
  for (const backup of newestOfEach(full, dayOf, daily)) keep(backup, 'daily');
  const weekOf = (backup: BackupFacts): number => Math.floor((dayOf(backup) + DAYS_BEFORE_1970) / 7);
  for (const backup of newestOfEach(full, weekOf, weekly)) keep(backup, 'weekly');
  return kept;
}

function newestFirst(backups: readonly BackupFacts[]): readonly BackupFacts[] {
  return [...backups].sort((a, b) => b.takenAtMs - a.takenAtMs || (a.id < b.id ? 1 : -1));
}

function newestOfEach(
  sorted: readonly BackupFacts[],
  spanOf: (backup: BackupFacts) => number,
  spans: number,
): readonly BackupFacts[] {
  const found = new Map<number, BackupFacts>();
  for (const backup of sorted) {
    const span = spanOf(backup);
    if (!found.has(span)) found.set(span, backup);
  }
  return [...found.values()].slice(0, spans);
}

/** What the choice of places goes by. */
export interface WantedTargets {
  readonly copies: number;
  readonly seed: string;
  /** Have copies already: the new ones are spread over what these are not. */
  readonly beside?: readonly Backend[];
  /** Those that it holds for go first, whatever their regions are. */
  readonly prefer?: (backend: Backend) => boolean;
}

/**
 * Where a backup's copies go: as many different regions as there are, then as many different providers, heavier backends
 * before others. The same candidates and seed give the same answer.
 * @param candidates those that the operator's policy admits and that take writes now
 */
export function backupTargets(
  candidates: readonly Backend[],
  { copies, seed, beside = [], prefer = () => false }: WantedTargets,
): readonly Backend[] {
  const ranked = rankByRendezvous(candidates, seed, ({ weight }) => weight);
  const chosen: Backend[] = [];
  while (chosen.length < copies) {
    const all = [...beside, ...chosen];
    const free = ranked.filter((backend) => !chosen.includes(backend));
    const preferred = free.filter(prefer);
    const left = preferred.length > 0 ? preferred : free;
    const elsewhere = left.filter(({ region }) => all.every((other) => other.region !== region));
    const others = (elsewhere.length > 0 ? elsewhere : left).toSorted(
      (a, b) => Number(usesProviderOf(a, all)) - Number(usesProviderOf(b, all)),
    );
    const [next] = others;
    if (next === undefined) break;
    chosen.push(next);
  }
  return chosen;
}

function usesProviderOf({ provider }: Backend, chosen: readonly Backend[]): boolean {
  return chosen.some((other) => other.provider === provider);
}
