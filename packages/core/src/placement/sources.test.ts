import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backend, BackendPrices } from '../ports/index.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import { sourcesFor } from './sources.ts';

const target = testBackend('target', { provider: 'p', region: 'south', country: 'FI' });
const eur = (egressPerGb: number | null, currency = 'EUR'): { readonly prices: BackendPrices } => ({
  prices: { currency, storagePerGbMonth: null, egressPerGb, per1000Requests: null },
});
const order = (...sources: readonly Backend[]): string[] => sourcesFor(target, sources);

describe('sources of a copy', () => {
  test('come from the provider’s own region first, then the region, the country, and elsewhere', () => {
    const elsewhere = testBackend('elsewhere', { provider: 'p', region: 'north', country: 'SE' });
    const country = testBackend('country', { provider: 'q', region: 'north' });
    const ownCountry = testBackend('own-country', { provider: 'p', region: 'north' });
    const region = testBackend('region', { provider: 'q', region: 'south' });
    const own = testBackend('own', { provider: 'p', region: 'south' });
    expect(order(elsewhere, country, ownCountry, region, own)).toEqual([
      'own',
      'region',
      'own-country',
      'country',
      'elsewhere',
    ]);
  });

  test('that lie nearer win over cheaper ones', () => {
    const near = testBackend('near', { provider: 'p', region: 'south', ...eur(0.09) });
    const far = testBackend('far', { region: 'north', country: 'SE', ...eur(0) });
    expect(order(far, near)).toEqual(['near', 'far']);
  });

  test('that are as near come by the price of what is read, a price that is not known last', () => {
    const unknown = testBackend('unknown', eur(null));
    const silent = testBackend('silent');
    expect(
      order(
        unknown,
        testBackend('dear', eur(0.09)),
        silent,
        testBackend('free', eur(0)),
        testBackend('cheap', eur(0.01)),
      ),
    ).toEqual(['free', 'cheap', 'dear', 'unknown', 'silent']);
  });

  test('with prices in other currencies than most have count as not known', () => {
    const dollars = testBackend('dollars', eur(0.001, 'USD'));
    expect(order(dollars, testBackend('dear', eur(0.09)), testBackend('cheap', eur(0.01)))).toEqual([
      'cheap',
      'dear',
      'dollars',
    ]);
  });

  test('that do not answer come last, however near they are', () => {
    const near = testBackend('near', { provider: 'p', region: 'south', state: 'unhealthy' });
    const far = testBackend('far', { country: 'SE' });
    expect(order(near, far)).toEqual(['far', 'near']);
  });

  test('whose place nobody pinned are near to nothing', () => {
    const unpinned = { region: '', country: 'XX', provider: 'p' };
    const near = testBackend('same', { ...unpinned, region: 'other' });
    const known = testBackend('known', { ...unpinned, ...eur(0.01) });
    expect(sourcesFor(testBackend('t', unpinned), [near, known])).toEqual(['known', 'same']);
    const labels = testBackend('labels', { provider: 'p', region: 'south', country: 'SE' });
    expect(order(labels, testBackend('country', { region: 'north' }))).toEqual(['country', 'labels']);
  });

  test('are all kept, whatever they are, and what is equal stays as it was', () => {
    fc.assert(
      fc.property(anyBackends(1, 8), fc.constantFrom('EUR', 'USD'), (backends, currency) => {
        const priced = backends.map((backend, index) => ({
          ...backend,
          ...(index % 3 === 0 ? {} : eur(index % 4, index % 2 === 0 ? 'EUR' : currency)),
        }));
        const [first, ...sources] = priced;
        if (first === undefined) return;
        const sorted = sourcesFor(first, sources);
        expect([...sorted].sort()).toEqual(sources.map(({ id }) => id).sort());
        // Sorting again what is sorted changes nothing: the order is one.
        const again = sorted.flatMap((id) => sources.filter((source) => source.id === id));
        expect(sourcesFor(first, again)).toEqual(sorted);
        const twins = sources.map((source, index) => ({ ...testBackend(`twin${index}`), weight: source.weight }));
        expect(sourcesFor(target, twins)).toEqual(twins.map(({ id }) => id));
      }),
    );
  });
});
