import type { Reconciliation } from '@sealgate/core/placement';
import type { BackendState, WalkedBlob } from '@sealgate/core/ports';
import { stripOf } from '../read/strip.ts';

/** Rules that one report tells of for one backend; more only repeat each other. */
const RULES_TOLD_MAX = 16;

/** Why blobs cannot leave a backend that they should leave. */
export interface Blocked {
  readonly rule: string;
  readonly reason: string;
  readonly blobs: number;
  /** One of them. */
  readonly example: string;
}

/** What one backend held as a pass came by. */
export interface BackendTally {
  /** Copies and shards that are, or may be, there; bytes as stored. */
  readonly replicas: number;
  readonly bytes: number;
  /** Of those: on their way to somewhere else. */
  readonly leaving: number;
  /** Owed to it. */
  readonly owed: number;
  readonly blocked: readonly Blocked[];
}

export type Tallies = Readonly<Record<string, BackendTally>>;

/** A whole pass over all blobs. Times are the database's. */
export interface PlacementReport {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly blobs: number;
  /** Blobs whose replicas were placed anew. */
  readonly changed: number;
  /** Blobs that are not where they should be, and cannot be moved now. */
  readonly blocked: number;
  readonly backends: Tallies;
}

const EMPTY: BackendTally = { replicas: 0, bytes: 0, leaving: 0, owed: 0, blocked: [] };

/** The tallies with one more blob. Changes its argument, which belongs to one step of a walk. */
export function countBlob(
  tallies: Record<string, BackendTally>,
  walked: WalkedBlob,
  verdict: Reconciliation | undefined,
): void {
  const { blob } = walked;
  for (const { backend, shard, state } of blob.replicas) {
    const tally = tallies[backend] ?? EMPTY;
    const owed = state === 'missing' && !walked.doomed;
    tallies[backend] = {
      ...tally,
      replicas: tally.replicas + 1,
      bytes: tally.bytes + (state === 'missing' || walked.redundancyClass === '' ? 0 : stripOf(blob, shard).totalBytes),
      leaving: tally.leaving + (state === 'leaving' || walked.doomed ? 1 : 0),
      owed: tally.owed + (owed ? 1 : 0),
    };
  }
  if (verdict?.kind !== 'blocked') return;
  for (const { backend } of verdict.reasons) {
    const tally = tallies[backend] ?? EMPTY;
    tallies[backend] = { ...tally, blocked: oneMore(tally.blocked, verdict, blob.blobId) };
  }
}

function oneMore(
  before: readonly Blocked[],
  { rule, reason }: { readonly rule: string; readonly reason: string },
  example: string,
): readonly Blocked[] {
  const known = before.find((each) => each.rule === rule);
  if (known !== undefined) {
    return before.map((each) => (each === known ? { ...known, blobs: known.blobs + 1 } : each));
  }
  return before.length < RULES_TOLD_MAX ? [...before, { rule, reason, blobs: 1, example }] : before;
}

/** Where a drain began: what was there as the first pass after the operator's word came by. */
export interface DrainStart {
  /** When the backend was told to. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly replicas: number;
  readonly bytes: number;
}

/** How far a drain is, by the last whole pass. */
export interface DrainProgress {
  readonly startedMs: number;
  /** Undefined until a pass that began after the operator's word is through. */
  readonly left: { readonly replicas: number; readonly bytes: number; readonly asOfMs: number } | undefined;
  readonly done: { readonly replicas: number; readonly bytes: number };
  readonly bytesPerSecond: number | undefined;
  /** Undefined while nothing is known, or nothing moves. */
  readonly etaMs: number | undefined;
  readonly blocked: readonly Blocked[];
  /** Nothing is there any more, as a whole pass since has seen: it may be retired. */
  readonly empty: boolean;
}

export function drainProgress(
  backend: { readonly id: string; readonly state: BackendState; readonly stateSinceMs: number },
  known: { readonly last: PlacementReport | null; readonly drains: Readonly<Record<string, DrainStart>> },
): DrainProgress | undefined {
  if (backend.state !== 'draining') return undefined;
  const start = known.drains[backend.id];
  const { last } = known;
  const none = { replicas: 0, bytes: 0 };
  const base = { startedMs: backend.stateSinceMs, done: none, bytesPerSecond: undefined, etaMs: undefined };
  // Who was placing a blob while the word was given may have placed it here: a pass that began later has seen it all.
  if (last === null || last.startedMs <= backend.stateSinceMs) {
    return { ...base, left: undefined, blocked: [], empty: false };
  }
  const { replicas, bytes, blocked } = last.backends[backend.id] ?? EMPTY;
  const left = { replicas, bytes, asOfMs: last.finishedMs };
  if (start?.sinceMs !== backend.stateSinceMs) return { ...base, left, blocked, empty: replicas === 0 };
  const done = { replicas: Math.max(0, start.replicas - replicas), bytes: Math.max(0, start.bytes - bytes) };
  const seconds = (last.finishedMs - start.atMs) / 1000;
  const bytesPerSecond = seconds > 0 ? done.bytes / seconds : undefined;
  const share = seconds > 0 ? done.replicas / seconds : 0;
  const etaMs = share > 0 ? (replicas / share) * 1000 : undefined;
  return { ...base, left, done, bytesPerSecond, etaMs, blocked, empty: replicas === 0 };
}
