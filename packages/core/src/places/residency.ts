import { Fault } from '../faults/index.ts';
import { REGION_LOCK_ENTRIES_MAX } from '../limits.ts';
import type { Backend } from '../ports/index.ts';
import { countriesOf, isCountry, isPlace, JURISDICTION_NAMES, liesIn, UNPINNED_EU } from './countries.ts';

/**
 * Parses a residency list such as `EU` or `FI,DE`: jurisdictions and ISO country codes, joined by commas, in any case.
 * Answers upper-case codes in the order given, each once.
 * @throws Fault InvalidLocationConstraint
 */
export function parseRegionLock(text: string): readonly string[] {
  const codes = text.split(',', REGION_LOCK_ENTRIES_MAX + 1).map((part) => part.trim().toUpperCase());
  if (codes.length > REGION_LOCK_ENTRIES_MAX) {
    throw new Fault('InvalidLocationConstraint', `A residency list has at most ${REGION_LOCK_ENTRIES_MAX} entries.`);
  }
  for (const code of codes) {
    if (isPlace(code)) continue;
    throw new Fault(
      'InvalidLocationConstraint',
      `A residency list names ISO 3166-1 country codes or ${JURISDICTION_NAMES.join(', ')}, joined by commas, for example "EU" or "FI,DE". ${quoted(code)} is none of them.`,
    );
  }
  return [...new Set(codes)];
}

/**
 * The lock that admits what both admit, for a residency list of an object within its bucket's. An empty lock limits
 * nothing.
 * @throws Fault PolicyRefused when no place is left, which an empty list could not say
 */
export function narrowRegionLock(outer: readonly string[], inner: readonly string[]): readonly string[] {
  if (outer.length === 0 || inner.length === 0) return outer.length === 0 ? inner : outer;
  const allowed = new Set(outer.flatMap(countriesOf));
  const common = new Set(inner.flatMap(countriesOf).filter((country) => allowed.has(country)));
  if (common.size === 0) {
    throw new Fault('PolicyRefused', `The residency ${inner.join(', ')} lies outside ${outer.join(', ')}.`, {
      rule: 'bucket.regionLock',
    });
  }
  // The unpinned Union is common only when all its members are, so naming the Union says it all.
  return common.has(UNPINNED_EU) ? [...common].filter((country) => !liesIn(country, 'EU')).concat('EU') : [...common];
}

/** Where bytes lie, as recorded. */
export type PlaceFacts = Pick<Backend, 'country' | 'jurisdiction'>;

/** Why a lock refuses a backend, or undefined when it admits it. An empty lock is for the caller to skip. */
export function lockRefusal(facts: PlaceFacts, lock: readonly string[]): string | undefined {
  const unsure = doubtfulPlace(facts);
  if (unsure !== undefined) return unsure;
  for (const place of lock) if (liesIn(facts.country, place)) return undefined;
  return `the location ${facts.country} is outside ${lock.join(', ')}`;
}

/** Why the recorded location proves nothing, or undefined when country and jurisdiction are known and agree. */
export function doubtfulPlace({ country, jurisdiction }: PlaceFacts): string | undefined {
  if (!isCountry(country) && country !== UNPINNED_EU) return 'its country is not known';
  if (!isPlace(jurisdiction)) return 'its jurisdiction is not known or not bounded';
  if (!liesIn(country, jurisdiction)) return `its country ${country} is not in its jurisdiction ${jurisdiction}`;
  return undefined;
}

function quoted(text: string): string {
  return text === '' ? 'An empty entry' : `"${text.length > 32 ? `${text.slice(0, 32)}...` : text}"`;
}
