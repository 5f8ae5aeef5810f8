import fc from 'fast-check';
import { parseBackendId } from '../names/index.ts';
import type { Backend } from '../ports/index.ts';

/** A healthy Finnish backend; `facts` say what is different about it. */
export function testBackend(id: string, facts: Partial<Backend> = {}): Backend {
  return {
    id: parseBackendId(id),
    num: 1,
    type: 'memory',
    endpoint: '',
    provider: `provider-${id}`,
    providerRegion: '',
    region: `region-${id}`,
    country: 'FI',
    jurisdiction: 'EU',
    operatorJurisdiction: 'FI',
    certificates: [],
    sla: null,
    weight: 1,
    addressing: 'path',
    custody: 'gateway',
    credentials: null,
    capabilities: {},
    probedAtMs: null,
    state: 'healthy',
    stateSinceMs: 0,
    createdAtMs: 0,
    ...facts,
  };
}

const places: fc.Arbitrary<readonly [country: string, jurisdiction: string]> = fc.constantFrom(
  ['FI', 'EU'],
  ['DE', 'EU'],
  ['FR', 'EU'],
  ['EU', 'EU'],
  ['NO', 'EEA'],
  ['GB', 'UK'],
  ['CH', 'CH'],
  ['US', 'US'],
  ['US', 'EU'],
  ['XX', 'GLOBAL'],
  ['XX', 'unknown'],
  ['FI', 'unknown'],
);

/** Between `min` and `max` backends with different ids and few different labels, some of them unknown or at odds. */
export function anyBackends(min: number, max: number): fc.Arbitrary<readonly Backend[]> {
  const facts = fc.record({
    place: places,
    region: fc.constantFrom('r1', 'r2', 'r3', 'r4', ''),
    provider: fc.constantFrom('p1', 'p2', 'p3'),
    operatorJurisdiction: fc.constantFrom('FI', 'DE', 'US', 'GB', 'UK', 'unknown'),
    weight: fc.constantFrom(0, 1, 1, 1, 2, 5),
    state: fc.constantFrom('healthy', 'degraded', 'unhealthy', 'recovering', 'draining', 'retired'),
    objectLock: fc.constantFrom(true, false, undefined),
    certificates: fc.subarray(['ISO 27001', 'C5']),
  });
  return fc.array(facts, { minLength: min, maxLength: max }).map((all) =>
    all.map(({ place: [country, jurisdiction], objectLock, ...rest }, index) =>
      testBackend(`b${index}`, {
        ...rest,
        country,
        jurisdiction,
        capabilities: objectLock === undefined ? {} : { objectLock },
      }),
    ),
  );
}

/** Every choice of elements, the empty one first; for a handful of elements. */
export function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, mask) => all.filter((_item, index) => (mask >> index) & 1));
}
