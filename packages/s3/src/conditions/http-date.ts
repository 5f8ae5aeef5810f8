const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IMF =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:GMT|UTC|[+-]0000)$/;
const RFC850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** RFC 9110: a two-digit year more than 50 years ahead is of the past century. A fixed pivot serves as well until 2076. */
const TWO_DIGIT_PIVOT = 77;

/** `Sun, 06 Nov 1994 08:49:37 GMT`; parts of a second are cut off, as in every header S3 sends. */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

/**
 * Milliseconds since 1970 of the three date forms that RFC 9110 section 5.6.7 wants understood, or undefined.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 */
export function parseHttpDate(text: string): number | undefined {
  const imf = IMF.exec(text);
  if (imf !== null) return build(imf[3], imf[2], imf[1], imf.slice(4));
  const rfc850 = RFC850.exec(text);
  if (rfc850 !== null) {
    const short = Number(rfc850[3]);
    return build(String(short + (short < TWO_DIGIT_PIVOT ? 2000 : 1900)), rfc850[2], rfc850[1], rfc850.slice(4));
  }
  const asctime = ASCTIME.exec(text);
  return asctime === null ? undefined : build(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
}

function build(
  year: string | undefined,
  monthName: string | undefined,
  dayOfMonth: string | undefined,
  clock: readonly (string | undefined)[],
): number | undefined {
  const month = MONTHS.indexOf(monthName ?? '');
  const day = Number(dayOfMonth);
  const [hour, minute, second] = clock.map(Number);
  if (month === -1 || hour === undefined || minute === undefined || second === undefined) return undefined;
  const timeMs = Date.UTC(Number(year), month, day, hour, minute, second);
  const date = new Date(timeMs);
  const same = date.getUTCDate() === day && date.getUTCMonth() === month && date.getUTCHours() === hour;
  return same && date.getUTCMinutes() === minute && date.getUTCSeconds() === second ? timeMs : undefined;
}
