import type { CursorPosition } from '@sealgate/core/ports';
import type { Condition } from './examine-replica.ts';

export const SCRUB_CURSOR = 'scrub';

/** What the scrub found on one backend, in replicas. */
export type ScrubTally = Readonly<Record<Condition, number>> & { readonly bytes: number };

const CLEAN: ScrubTally = { good: 0, missing: 0, truncated: 0, corrupted: 0, unread: 0, bytes: 0 };

/** A pass over all blobs. Times are the database's. */
export interface ScrubReport {
  readonly startedMs: number;
  /** null: it is under way. */
  readonly finishedMs: number | null;
  readonly blobs: number;
  readonly backends: Readonly<Record<string, ScrubTally>>;
}

/** How far the scrub has come; durable. */
export interface ScrubPosition {
  readonly form: 1;
  readonly pass: (ScrubReport & { readonly after: string | null }) | null;
  /** When the next pass is due. */
  readonly nextMs: number;
  readonly last: ScrubReport | null;
}

const NEVER: ScrubPosition = { form: 1, pass: null, nextMs: 0, last: null };

/** What is of another form begins anew: every step of a pass may be done twice. */
export function readScrubPosition(saved: CursorPosition): ScrubPosition {
  const known = typeof saved === 'object' && saved !== null && 'form' in saved && saved.form === NEVER.form;
  return known ? (saved as ScrubPosition) : NEVER;
}

/** One more replica. Changes its first argument, which belongs to one step of a pass. */
export function countCondition(
  tallies: Record<string, ScrubTally>,
  backend: string,
  found: { readonly condition: Condition; readonly bytes: number },
): void {
  const tally = tallies[backend] ?? CLEAN;
  tallies[backend] = { ...tally, [found.condition]: tally[found.condition] + 1, bytes: tally.bytes + found.bytes };
}
