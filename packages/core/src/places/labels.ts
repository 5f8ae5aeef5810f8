import type { Backend } from '../ports/index.ts';
import { asCountry, isCountry, isPlace } from './countries.ts';

/** The labels of a backend that rules count and compare. */
export type Label = 'backend' | 'region' | 'country' | 'provider' | 'jurisdiction' | 'operatorJurisdiction';

/**
 * The value of a label as rules count it, or undefined when the fact is not known: a copy in an unknown place adds
 * nothing to a count and shares its place with no other copy. `EU` and `XX` pin no country, `GLOBAL` no jurisdiction.
 */
export function labelOf(backend: Backend, label: Label): string | undefined {
  switch (label) {
    case 'backend':
      return backend.id;
    case 'region':
      return backend.region === '' ? undefined : backend.region;
    case 'provider':
      return backend.provider === '' ? undefined : backend.provider;
    case 'country':
      return isCountry(backend.country) ? backend.country : undefined;
    case 'jurisdiction':
      return isPlace(backend.jurisdiction) ? backend.jurisdiction : undefined;
    case 'operatorJurisdiction':
      return isPlace(backend.operatorJurisdiction) ? asCountry(backend.operatorJurisdiction) : undefined;
  }
}

/** True when the backends have `need` different known values of a label. A rule's sets are tiny: no Set is made. */
export function reaches(backends: readonly Backend[], label: Label, need: number): boolean {
  if (backends.length < need) return false;
  const seen: string[] = [];
  for (const backend of backends) {
    const value = labelOf(backend, label);
    if (value === undefined || seen.includes(value)) continue;
    seen.push(value);
    if (seen.length >= need) return true;
  }
  return false;
}

/** True when the backends all have one known value of a label. */
export function share(backends: readonly Backend[], label: Label): boolean {
  const [first] = backends;
  const value = first === undefined ? undefined : labelOf(first, label);
  return value !== undefined && backends.every((backend) => labelOf(backend, label) === value);
}
