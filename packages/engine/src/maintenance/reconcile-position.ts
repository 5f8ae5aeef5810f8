import type { CursorPosition } from '@sealgate/core/ports';
import type { DrainStart, PlacementReport, Tallies } from './placement-report.ts';

export const RECONCILE_CURSOR = 'reconcile';

/** How far the reconciler has come; durable. Times are the database's. */
export interface ReconcilePosition {
  readonly form: 1;
  /** The pass under way; null while none is due. */
  readonly pass: ReconcilePass | null;
  /** What the last pass went by; a newer one asks for a pass at once. */
  readonly epoch: string;
  /** When the next pass is due all the same. */
  readonly nextMs: number;
  /** An epoch that is newer than the last pass, and when it was seen first: a moment later everybody knows of it. */
  readonly noticed: { readonly epoch: string; readonly atMs: number } | null;
  readonly last: PlacementReport | null;
  readonly drains: Readonly<Record<string, DrainStart>>;
}

export interface ReconcilePass {
  readonly startedMs: number;
  readonly epoch: string;
  /** The last blob that was looked at; null before the first. */
  readonly after: string | null;
  readonly blobs: number;
  readonly changed: number;
  readonly blocked: number;
  readonly backends: Tallies;
}

const NEVER: ReconcilePosition = { form: 1, pass: null, epoch: '', nextMs: 0, noticed: null, last: null, drains: {} };

/** What is of another form begins anew: every step of a pass may be done twice. */
export function readReconcilePosition(saved: CursorPosition): ReconcilePosition {
  const known = typeof saved === 'object' && saved !== null && 'form' in saved && saved.form === NEVER.form;
  return known ? (saved as ReconcilePosition) : NEVER;
}
