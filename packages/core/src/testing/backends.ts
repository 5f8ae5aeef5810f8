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

/** Half of them are what is usual, so that something is left of what policies allow. */
const mostly = <T>(usual: readonly T[], others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(fc.constantFrom(...usual), fc.constantFrom(...others));

const places = mostly<readonly [country: string, jurisdiction: string]>(
  [
    ['FI', 'EU'],
    ['DE', 'EU'],
  ],
  [
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
  ],
);

/** Between `min` and `max` backends with different ids and few different labels, some of them unknown or at odds. */
export function anyBackends(min: number, max: number): fc.Arbitrary<readonly Backend[]> {
  const facts = fc.record({
    place: places,
    region: fc.constantFrom('r1', 'r2', 'r3', 'r4', ''),
    provider: fc.constantFrom('p1', 'p2', 'p3', ''),
    type: fc.constantFrom('memory', 'memory', 's3'),
    providerRegion: fc.constantFrom('fi-south', 'de-west', ''),
    sla: fc.constantFrom('gold', null),
    expectedLatencyMs: fc.constantFrom(null, 5, 80),
    prices: fc.constantFrom(
      null,
      { currency: 'EUR', storagePerGbMonth: 0.01, egressPerGb: 0.01, per1000Requests: 0.005 },
      { currency: 'EUR', storagePerGbMonth: 0.05, egressPerGb: null, per1000Requests: 0.02 },
      { currency: 'USD', storagePerGbMonth: null, egressPerGb: 0.09, per1000Requests: null },
    ),
    operatorJurisdiction: mostly(['FI', 'DE'], ['FR', 'US', 'GB', 'UK', 'unknown']),
    weight: fc.constantFrom(0, 1, 1, 1, 2, 5),
    state: mostly<Backend['state']>(['healthy'], ['degraded', 'unhealthy', 'recovering', 'draining', 'retired']),
    capabilities: fc.constantFrom(
      { objectLock: true, multipart: true, versioning: true },
      { objectLock: true, versioning: false },
      { objectLock: false, multipart: true },
      {},
    ),
    certificates: fc.subarray(['ISO 27001', 'C5']),
  });
  return fc
    .array(facts, { minLength: min, maxLength: max })
    .map((all) =>
      all.map(({ place: [country, jurisdiction], ...rest }, index) =>
        testBackend(`b${index}`, { ...rest, country, jurisdiction }),
      ),
    );
}

/** Every choice of elements, the empty one first; for a handful of elements. */
export function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, mask) => all.filter((_item, index) => (mask >> index) & 1));
}
