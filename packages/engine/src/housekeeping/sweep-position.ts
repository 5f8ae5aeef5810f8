import type { CursorPosition } from '@sealgate/core/ports';

/** What one run over a backend has met so far. */
export interface SweepCounts {
  /** Keys that were looked at. */
  readonly keys: number;
  /** Blobs that no row knew; the deletion queue removes them. */
  readonly unknown: number;
  /** Copies where no row named them; the sweep removes them. */
  readonly misplaced: number;
  /** Keys that no part of Sealgate would make. Never touched. */
  readonly foreign: number;
  /** The first few of those, with their buckets. */
  readonly foreignKeys: readonly string[];
  /** Physical buckets walked, and those removed because their logical buckets are gone. */
  readonly buckets: number;
  readonly removedBuckets: number;
}

export const NO_COUNTS: SweepCounts = {
  keys: 0,
  unknown: 0,
  misplaced: 0,
  foreign: 0,
  foreignKeys: [],
  buckets: 0,
  removedBuckets: 0,
};

/** A run that has come to its end. Times are the database's, milliseconds since 1970. */
export interface FinishedSweep {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly counts: SweepCounts;
}

/** How far the sweep of one backend has come; durable. */
export interface SweepPosition {
  /** The run under way, or null until the next one. */
  readonly run: {
    readonly startedMs: number;
    /** The bucket before this one is done; of this one what comes behind `after` is left. */
    readonly bucket: string;
    /** null: the bucket named is done, the next one follows. */
    readonly after: string | null;
    /** Keys that were met in `bucket` so far: at its end they tell whether it is empty. */
    readonly bucketKeys: number;
    readonly counts: SweepCounts;
  } | null;
  readonly last: FinishedSweep | null;
  /** The fault that the newest step failed with, and when it is tried again. */
  readonly trouble: { readonly code: string; readonly retryAtMs: number } | null;
}

/** What cannot be read begins anew: every step may be done twice. */
export function readSweepPosition(saved: CursorPosition): SweepPosition {
  const position = fieldsOf(saved);
  return {
    run: readRun(fieldsOf(position['run'])),
    last: readLast(fieldsOf(position['last'])),
    trouble: readTrouble(fieldsOf(position['trouble'])),
  };
}

function readTrouble({ code, retryAtMs }: Fields): SweepPosition['trouble'] {
  return typeof code === 'string' && typeof retryAtMs === 'number' ? { code, retryAtMs } : null;
}

function readRun(run: Fields): SweepPosition['run'] {
  const { startedMs, bucket, after, bucketKeys } = run;
  if (typeof startedMs !== 'number' || typeof bucket !== 'string' || typeof bucketKeys !== 'number') return null;
  if (after !== null && typeof after !== 'string') return null;
  return { startedMs, bucket, after, bucketKeys, counts: readCounts(fieldsOf(run['counts'])) };
}

function readLast(last: Fields): FinishedSweep | null {
  const { startedMs, endedMs } = last;
  if (typeof startedMs !== 'number' || typeof endedMs !== 'number') return null;
  return { startedMs, endedMs, counts: readCounts(fieldsOf(last['counts'])) };
}

function readCounts(counts: Fields): SweepCounts {
  const number = (name: keyof SweepCounts): number => (typeof counts[name] === 'number' ? counts[name] : 0);
  const { foreignKeys } = counts;
  return {
    keys: number('keys'),
    unknown: number('unknown'),
    misplaced: number('misplaced'),
    foreign: number('foreign'),
    foreignKeys: Array.isArray(foreignKeys) ? foreignKeys.filter((key) => typeof key === 'string') : [],
    buckets: number('buckets'),
    removedBuckets: number('removedBuckets'),
  };
}

interface Fields {
  readonly [name: string]: unknown;
  readonly startedMs?: unknown;
  readonly endedMs?: unknown;
  readonly bucket?: unknown;
  readonly after?: unknown;
  readonly bucketKeys?: unknown;
  readonly foreignKeys?: unknown;
  readonly code?: unknown;
  readonly retryAtMs?: unknown;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
