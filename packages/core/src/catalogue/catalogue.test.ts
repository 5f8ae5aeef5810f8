import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault, isFault } from '../faults/index.ts';
import { CATALOGUE_BYTES_MAX, CATALOGUE_ROWS_MAX } from '../limits.ts';
import { compilePolicy } from '../policy/index.ts';
import { testBackend } from '../testing/backends.ts';
import { backendFacts, type CatalogueEntry, type CatalogueFilter, filterCatalogue, parseCatalogue } from './index.ts';

/** Many runs on a busy machine. */
const SLOW = { timeout: 300_000 };

const ROOT = new URL('../../../../', import.meta.url);
const file = readFileSync(new URL('data/providers/providers.csv', ROOT), 'utf8');
const catalogue = parseCatalogue(file);
const [header = ''] = file.split('\n', 1);

const GOOD = {
  provider_id: 'acme',
  provider: 'Acme, Inc.',
  zone_code: 'FI-HEL-ACME',
  country: 'FI',
  region_name: 'Helsinki',
  provider_region: 'fi-hel',
  endpoint: 'https://{account_id}.fi.acme.example',
  jurisdiction: 'EU',
  operator_jurisdiction: 'FI',
  s3_compatible: 'yes',
  object_lock: 'yes',
  versioning: 'unknown',
  sse_c: 'no',
  conditional_writes: 'unknown',
  iso_27001: 'yes',
  gdpr_dpa: 'unknown',
  secnumcloud_or_c5: 'C5',
  veeam_ready: 'unknown',
  addressing: 'both',
  storage_class_notes: '',
  verified_source: 'https://acme.example/a ; github:acme/docs@1 b.md',
  verified_on: '2026-11-21',
  notes: 'one; two',
};

const quote = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csvOf = (...rows: readonly Partial<typeof GOOD>[]): string =>
  [
    header,
    ...rows.map((row) =>
      Object.values({ ...GOOD, ...row })
        .map(quote)
        .join(','),
    ),
  ].join('\r\n');

function faultOf(csv: string): Fault {
  try {
    parseCatalogue(csv);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it parses');
}

describe('the catalogue of the repository', () => {
  it('parses, sorted by zone', () => {
    expect(catalogue).toHaveLength(195);
    expect(new Set(catalogue.map(({ providerId }) => providerId)).size).toBe(69);
    const zones = catalogue.map(({ zone }) => zone);
    expect(zones).toEqual([...zones].sort());
  });

  it('names each provider in one way', () => {
    const names = new Map<string, string>();
    for (const { providerId, provider } of catalogue) {
      expect(names.get(providerId) ?? provider).toBe(provider);
      names.set(providerId, provider);
    }
  });

  it('offers places for the policy "EU data, no US parent, ISO 27001, object lock", and no others pass', () => {
    const text = readFileSync(new URL('examples/policies/eu-sovereign.yaml', ROOT), 'utf8');
    const policy = compilePolicy(text, { version: 1 });
    const admitted = catalogue.filter((entry) => {
      const objectLock = entry.capabilities.objectLock === 'yes';
      const backend = testBackend('claimed', { ...backendFacts(entry), capabilities: { objectLock } });
      return policy.admits(backend, { regionLock: [] }).ok;
    });
    const asked: CatalogueFilter = {
      within: 'EU',
      operatorOutside: 'US',
      certificates: ['iso-27001'],
      capabilities: ['objectLock'],
    };
    const wanted = filterCatalogue(catalogue, asked).filter((entry) =>
      [{ operatorWithin: 'EEA' }, { operatorWithin: 'CH' }].some((seat) => filterCatalogue([entry], seat).length > 0),
    );
    expect(admitted.map(({ zone }) => zone)).toEqual(wanted.map(({ zone }) => zone));
    expect(admitted.length).toBeGreaterThanOrEqual(6);
    expect(new Set(admitted.map(({ country }) => country)).size).toBeGreaterThanOrEqual(2);
  });
});

describe('a catalogue file', () => {
  it('gives typed entries', () => {
    expect(parseCatalogue(`\ufeff${csvOf({})}`)).toEqual([
      {
        zone: 'FI-HEL-ACME',
        providerId: 'acme',
        provider: 'Acme, Inc.',
        country: 'FI',
        regionName: 'Helsinki',
        providerRegion: 'fi-hel',
        endpoint: 'https://{account_id}.fi.acme.example',
        endpointParameters: ['account_id'],
        jurisdiction: 'EU',
        operatorJurisdiction: 'FI',
        s3Compatible: 'yes',
        capabilities: { objectLock: 'yes', versioning: 'unknown', sseC: 'no', conditionalWrite: 'unknown' },
        iso27001: 'yes',
        nationalScheme: 'C5',
        gdprAgreement: 'unknown',
        veeamListed: 'unknown',
        addressing: 'both',
        storageClassNotes: '',
        notes: ['one', 'two'],
        sources: ['https://acme.example/a', 'github:acme/docs@1 b.md'],
        verifiedOn: '2026-11-21',
      },
    ]);
    expect(parseCatalogue(header)).toEqual([]);
  });

  it.each<[Partial<typeof GOOD>, string]>([
    [{ country: 'UK', zone_code: 'UK-LON-ACME' }, 'country is no ISO 3166-1 code'],
    [{ jurisdiction: 'Mars' }, 'jurisdiction is no jurisdiction'],
    [{ jurisdiction: 'US' }, 'jurisdiction does not hold the country FI'],
    [{ operator_jurisdiction: 'EU' }, 'operator_jurisdiction is no ISO 3166-1 code'],
    [{ zone_code: 'DE-HEL-ACME' }, 'zone_code does not begin with the country'],
    [{ zone_code: 'FI-HEL-OTHER' }, 'zone_code does not begin with the country'],
    [{ zone_code: 'fi-hel-acme' }, 'zone_code is not country-SITE-PROVIDER'],
    [{ provider_id: 'Acme' }, 'provider_id is not a short name'],
    [{ provider: ' ' }, 'provider '],
    [{ object_lock: 'maybe' }, 'object_lock '],
    [{ addressing: 'dns' }, 'addressing '],
    [{ endpoint: 'http://acme.example' }, 'endpoint is no https URL'],
    [{ endpoint: 'https://user@acme.example' }, 'endpoint is no https URL'],
    [{ endpoint: 'https://{A b}.acme.example' }, 'endpoint is no https URL'],
    [{ endpoint: 'acme.example' }, 'endpoint is no https URL'],
    [{ verified_source: ' ; ' }, 'verified_source names no source'],
    [{ verified_on: '2026-13-01' }, 'verified_on '],
  ])('with %o is refused', (row, words) => {
    const fault = faultOf(csvOf({ zone_code: 'FI-TKU-ACME' }, row));
    expect(fault).toMatchObject({ code: 'ConfigInvalid', detail: { line: 3 } });
    expect(fault.message).toContain(`line 3: ${words}`);
  });

  it.each<[string, string, string]>([
    ['a zone twice', csvOf({}, {}), 'line 3: zone_code repeats line 2'],
    [
      'another header',
      csvOf({}).replace('zone_code', 'zone'),
      'line 1: the header must be provider_id,provider,zone_code',
    ],
    ['nothing', '\n', 'line 1: it is empty'],
    ['a short row', `${header}\nacme,Acme\n`, 'one value for each column'],
    ['an open quote', `${header}\n"acme`, 'one value for each column'],
    ['a huge row', csvOf({ notes: 'x'.repeat(100_000) }), 'one value for each column'],
    ['too many bytes', ' '.repeat(CATALOGUE_BYTES_MAX + 1), 'larger than'],
    ['too many rows', `${header}\n${`${','.repeat(22)}\n`.repeat(CATALOGUE_ROWS_MAX + 1)}`, 'more than 5000 rows'],
  ])('with %s is refused', (_what, csv, words) => {
    expect(faultOf(csv).message).toContain(words);
  });

  it('gives entries or ConfigInvalid, whatever it holds', SLOW, () => {
    const good = csvOf({}, { zone_code: 'FI-TKU-ACME' });
    const mutated = fc
      .tuple(fc.nat(good.length), fc.nat(5), fc.string({ maxLength: 4 }))
      .map(([at, length, insert]) => good.slice(0, at) + insert + good.slice(at + length));
    const pieces = fc.constantFrom('"', ',', '\n', '\r\n', 'a', '\ufeff');
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.string(),
          fc.array(pieces).map((all) => header + all.join('')),
        ),
        (csv) => {
          try {
            parseCatalogue(csv);
          } catch (error) {
            expect(isFault(error, 'ConfigInvalid')).toBe(true);
          }
        },
      ),
    );
  });
});

describe('the filter', () => {
  const all = (filter: CatalogueFilter): readonly CatalogueEntry[] => filterCatalogue(catalogue, filter);

  it('without conditions gives everything', () => {
    expect(all({})).toEqual(catalogue);
  });

  it('reads places as a region lock does, and fails closed', () => {
    expect(all({ within: 'EU' }).every(({ jurisdiction }) => jurisdiction === 'EU')).toBe(true);
    expect(all({ within: 'EU' }).some(({ country }) => country === 'XX')).toBe(false);
    expect(all({ within: 'EEA' }).length).toBe(all({ within: 'EU' }).length + all({ within: 'NO' }).length);
    expect(new Set(all({ country: 'FI' }).map(({ country }) => country))).toEqual(new Set(['FI']));
  });

  it('takes unknown owners for neither inside nor outside', () => {
    const unknown = catalogue.filter(({ operatorJurisdiction }) => operatorJurisdiction === 'unknown');
    expect(unknown.length).toBeGreaterThan(0);
    expect(filterCatalogue(unknown, { operatorOutside: 'US' })).toEqual([]);
    expect(filterCatalogue(unknown, { operatorWithin: 'EU' })).toEqual([]);
    expect(all({ operatorOutside: 'US' }).some(({ operatorJurisdiction }) => operatorJurisdiction === 'US')).toBe(
      false,
    );
  });

  it('takes only a yes for a yes', () => {
    for (const entry of all({ capabilities: ['objectLock', 'versioning'] })) {
      expect(entry.capabilities).toMatchObject({ objectLock: 'yes', versioning: 'yes' });
    }
    expect(all({ certificates: ['SecNumCloud'] }).length).toBe(2);
    expect(all({ providerId: 'exoscale', certificates: ['C5', 'ISO/IEC 27001:2022'] }).length).toBe(8);
  });
});

describe('the facts for a new backend', () => {
  it('come from the entry, capabilities never', () => {
    const [entry] = parseCatalogue(csvOf({}));
    expect(backendFacts(entry!)).toEqual({
      provider: 'acme',
      providerRegion: 'fi-hel',
      country: 'FI',
      jurisdiction: 'EU',
      operatorJurisdiction: 'FI',
      certificates: ['ISO 27001', 'C5'],
      addressing: 'path',
    });
    const [virtual] = parseCatalogue(csvOf({ addressing: 'virtual', iso_27001: 'unknown', secnumcloud_or_c5: 'no' }));
    expect(backendFacts(virtual!)).toMatchObject({ addressing: 'virtual', certificates: [] });
  });
});
