/** 9999-12-31T23:59:59Z: the last second that every format of time in use can write. */
const LAST_MS = 253_402_300_799_000;

/** A time that a source claims, bounded to what can be written down: from 1970 to 9999. */
export function shownTime(timeMs: number): number {
  return Math.min(Math.max(timeMs, 0), LAST_MS);
}
