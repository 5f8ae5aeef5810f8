import { Fault } from '../faults/index.ts';
import { REGION_LOCK_ENTRIES_MAX } from '../limits.ts';
import type { Backend } from '../ports/index.ts';
import { isCountry, isPlace, JURISDICTION_NAMES, liesIn, UNPINNED_EU } from './countries.ts';

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
