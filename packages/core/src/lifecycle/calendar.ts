import type { LifecycleTime } from './types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How the days of a rule are counted. */
export interface LifecycleCalendar {
  readonly dayMs: number;
  /** Whether a time that days have been added to is put off to the next full day. */
  readonly roundsUp: boolean;
}

/** As S3 counts: whole days, and then up to the next midnight UTC. */
export const calendarDays: LifecycleCalendar = { dayMs: DAY_MS, roundsUp: true };

/**
 * Days of another length, for tests. They begin at no particular time, so nothing is rounded; the length of a real day
 * gives the real calendar.
 */
export function daysOf(dayMs: number): LifecycleCalendar {
  return dayMs === DAY_MS ? calendarDays : { dayMs, roundsUp: false };
}

/**
 * When something that began at `sinceMs` has waited `days` days.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html (days are rounded up)
 */
export function afterDays(sinceMs: number, days: number, calendar: LifecycleCalendar): number {
  const at = sinceMs + days * calendar.dayMs;
  return calendar.roundsUp ? Math.ceil(at / calendar.dayMs) * calendar.dayMs : at;
}

/** When `when` comes for what was made at `madeAtMs`. */
export function timeOf(when: LifecycleTime, madeAtMs: number, calendar: LifecycleCalendar): number {
  return when.kind === 'date' ? when.atMs : afterDays(madeAtMs, when.days, calendar);
}

export function isMidnight(atMs: number): boolean {
  return atMs % DAY_MS === 0;
}
