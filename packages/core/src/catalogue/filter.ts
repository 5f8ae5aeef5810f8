import { certificateKey } from '../places/certificates.ts';
import { liesIn, mayLieIn } from '../places/countries.ts';
import { lockRefusal } from '../places/residency.ts';
import type { Backend } from '../ports/index.ts';
import type { CatalogueEntry, CatalogueFilter } from './types.ts';

/** The entries that certainly match, in the catalogue's order. */
export function filterCatalogue(
  entries: readonly CatalogueEntry[],
  filter: CatalogueFilter,
): readonly CatalogueEntry[] {
  return entries.filter((entry) => matches(entry, filter));
}

function matches(entry: CatalogueEntry, filter: CatalogueFilter): boolean {
  const {
    providerId,
    country,
    within,
    operatorWithin,
    operatorOutside,
    capabilities = [],
    certificates = [],
    text,
  } = filter;
  const held = certificatesOf(entry).map(certificateKey);
  return (
    (providerId === undefined || entry.providerId === providerId) &&
    (text === undefined || namesOf(entry).includes(text.toLowerCase())) &&
    (country === undefined || entry.country === country) &&
    (within === undefined || lockRefusal(entry, [within]) === undefined) &&
    (operatorWithin === undefined || liesIn(entry.operatorJurisdiction, operatorWithin)) &&
    (operatorOutside === undefined || !mayLieIn(entry.operatorJurisdiction, operatorOutside)) &&
    capabilities.every((capability) => entry.capabilities[capability] === 'yes') &&
    certificates.every((certificate) => held.includes(certificateKey(certificate)))
  );
}

function namesOf({ provider, providerId, zone, regionName, providerRegion }: CatalogueEntry): string {
  return [provider, providerId, zone, regionName, providerRegion].join('\n').toLowerCase();
}

/** What a new backend takes over from an entry: the facts that policies read, and how to reach it. */
export type CatalogueFacts = Pick<
  Backend,
  'provider' | 'providerRegion' | 'country' | 'jurisdiction' | 'operatorJurisdiction' | 'certificates' | 'addressing'
>;

/** Capabilities are left out on purpose: they come from the probe, never from a claim. */
export function backendFacts(entry: CatalogueEntry): CatalogueFacts {
  const { providerId, providerRegion, country, jurisdiction, operatorJurisdiction, addressing } = entry;
  return {
    provider: providerId,
    providerRegion,
    country,
    jurisdiction,
    operatorJurisdiction,
    certificates: certificatesOf(entry),
    addressing: addressing === 'virtual' ? 'virtual' : 'path',
  };
}

function certificatesOf({ iso27001, nationalScheme }: CatalogueEntry): readonly string[] {
  return [
    ...(iso27001 === 'yes' ? ['ISO 27001'] : []),
    ...(nationalScheme === 'C5' || nationalScheme === 'SecNumCloud' ? [nationalScheme] : []),
  ];
}
