import type { FaultCode } from '../faults/index.ts';
import type { BackendState } from '../ports/model.ts';
import { type HealthEvent, nextHealthState } from './transitions.ts';

/** Outcomes remembered: the bits of one unsigned integer. */
const WINDOW = 32;

export interface HealthThresholds {
  /** Failed calls in a row after which a backend is as good as gone. */
  readonly failedRun: number;
  /** Failed share of the remembered calls above which it is as good as gone, once `failedMinCalls` are remembered. */
  readonly failedShare: number;
  readonly failedMinCalls: number;
  /** Failed or detached calls among the remembered ones from which a backend counts as degraded. */
  readonly falteredCalls: number;
  /** Good calls in a row that clear a degraded backend's name. */
  readonly steadyRun: number;
  /** Good calls in a row that make a recovering backend healthy. */
  readonly recoveredRun: number;
  /** Weight of a new measurement in the moving averages, 0 to 1. */
  readonly averageWeight: number;
  /** A backend that said it is full is left out of writes for this long. */
  readonly fullPauseMs: number;
}

export const defaultHealthThresholds: HealthThresholds = {
  failedRun: 3,
  failedShare: 0.5,
  failedMinCalls: 10,
  falteredCalls: 3,
  steadyRun: 10,
  recoveredRun: 3,
  averageWeight: 0.2,
  fullPauseMs: 30_000,
};

/** What one process knows of one backend. A value: `observe` gives the next one. */
export interface HealthRecord {
  readonly state: BackendState;
  /** The last outcomes, newest in bit 0; a set bit is a bad one. Emptied by a change of state. */
  readonly recent: number;
  /** How many of the bits are outcomes. */
  readonly calls: number;
  /** Good calls in a row when positive, failed ones when negative. */
  readonly run: number;
  /** Moving averages; undefined before the first measurement. */
  readonly latencyMs: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /** On the monotonic clock; 0 when it never said so. */
  readonly fullUntilMs: number;
}

export type HealthSample =
  | { readonly kind: 'good'; readonly latencyMs?: number; readonly bytesPerSecond?: number }
  /** Too slow to be waited for. Counts against it, but alone never makes it unhealthy in a row. */
  | { readonly kind: 'slow' }
  | { readonly kind: 'bad' }
  /** It lost a race: its answer would have taken at least so long. Neither good nor bad, but others go first for a while. */
  | { readonly kind: 'late'; readonly latencyMs: number }
  | { readonly kind: 'full'; readonly nowMs: number };

export function newHealthRecord(state: BackendState): HealthRecord {
  return { state, recent: 0, calls: 0, run: 0, latencyMs: undefined, bytesPerSecond: undefined, fullUntilMs: 0 };
}

/** The record after one more outcome. */
export function observe(record: HealthRecord, sample: HealthSample, thresholds: HealthThresholds): HealthRecord {
  if (sample.kind === 'full') return { ...record, fullUntilMs: sample.nowMs + thresholds.fullPauseMs };
  if (sample.kind === 'late') {
    const atLeast = Math.max(sample.latencyMs, record.latencyMs ?? 0);
    return { ...record, latencyMs: average(record.latencyMs, atLeast, thresholds.averageWeight) };
  }
  const good = sample.kind === 'good';
  const noted: HealthRecord = {
    ...record,
    recent: ((record.recent << 1) | (good ? 0 : 1)) >>> 0,
    calls: Math.min(record.calls + 1, WINDOW),
    run: nextRun(record.run, sample.kind),
    latencyMs: good ? average(record.latencyMs, sample.latencyMs, thresholds.averageWeight) : record.latencyMs,
    bytesPerSecond: good
      ? average(record.bytesPerSecond, sample.bytesPerSecond, thresholds.averageWeight)
      : record.bytesPerSecond,
  };
  const state = nextHealthState(record.state, conclude(noted, thresholds));
  if (state === record.state) return noted;
  // Failures in a row go on counting across the change, so that a backend that dies while degraded is given up at once.
  return { ...noted, state, recent: 0, calls: 0, run: Math.min(noted.run, 0) };
}

/** What the remembered outcomes say, the last one included. */
export function conclude(record: HealthRecord, thresholds: HealthThresholds): HealthEvent {
  const bad = badCalls(record);
  const missed = (record.recent & 1) === 1;
  // However long it was away: its first answer brings it back, and only what follows decides whether it stays.
  if (record.state === 'unhealthy') return missed ? 'missed' : 'answered';
  if (-record.run >= thresholds.failedRun) return 'failed';
  if (record.calls >= thresholds.failedMinCalls && bad > record.calls * thresholds.failedShare) return 'failed';
  const steady = record.state === 'recovering' ? thresholds.recoveredRun : thresholds.steadyRun;
  if (record.run >= steady) return 'steadied';
  if (bad >= thresholds.falteredCalls) return 'faltered';
  return missed ? 'missed' : 'answered';
}

/** Share of the remembered calls that went well; undefined when none is remembered. */
export function availability(record: HealthRecord): number | undefined {
  return record.calls === 0 ? undefined : 1 - badCalls(record) / record.calls;
}

/**
 * What a fault of a driver says about the backend. A missing blob, a taken name or our own shutdown say nothing; one
 * corrupt blob makes it suspect, which a scrub settles, so it counts like slowness.
 */
export function sampleOfFault(code: FaultCode, nowMs: number): HealthSample | undefined {
  switch (code) {
    case 'BackendUnreachable':
    case 'BackendTimeout':
    case 'BackendRefused':
      return { kind: 'bad' };
    case 'BackendFull':
      return { kind: 'full', nowMs };
    case 'BackendCorrupt':
      return { kind: 'slow' };
    default:
      return undefined;
  }
}

function nextRun(run: number, kind: 'good' | 'slow' | 'bad'): number {
  if (kind === 'good') return Math.max(run, 0) + 1;
  if (kind === 'bad') return Math.min(run, 0) - 1;
  return Math.min(run, 0);
}

function average(before: number | undefined, now: number | undefined, weight: number): number | undefined {
  if (now === undefined) return before;
  return before === undefined ? now : before + (now - before) * weight;
}

function badCalls(record: HealthRecord): number {
  let count = 0;
  for (let bits = record.recent; bits !== 0; bits = (bits & (bits - 1)) >>> 0) count += 1;
  return count;
}
