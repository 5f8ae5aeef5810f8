import { type CatalogueEntry, type CatalogueFilter, filterCatalogue } from '@sealgate/core/catalogue';
import { Fault } from '@sealgate/core/faults';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { PARAM_CHARS_MAX } from '../limits.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const claim = z.enum(['yes', 'no', 'unknown']);
const code = z.string().regex(/^[A-Za-z]{2,3}$/, 'is a jurisdiction (EU, EEA, UK) or a country code');
const FEATURES = ['objectLock', 'versioning', 'sseC', 'conditionalWrite'] as const;

const filterQuery = z.object({
  country: code.optional().meta({ description: 'Where the bytes lie: ISO 3166-1 alpha-2.' }),
  jurisdiction: code.optional().meta({ description: 'A jurisdiction or country that the bytes certainly lie in.' }),
  operatorJurisdiction: code.optional().meta({ description: "Where the seat of the operator's parent certainly is." }),
  notOperatorJurisdiction: code.optional().meta({ description: 'Where that seat certainly is not, for example US.' }),
  feature: z.enum(FEATURES).optional().meta({ description: 'Claimed to be there.' }),
  certificate: z.string().max(64).optional().meta({ description: 'ISO 27001, C5 or SecNumCloud; claimed.' }),
  text: z.string().max(PARAM_CHARS_MAX).optional().meta({ description: 'In the names of provider, zone or region.' }),
});
type FilterQuery = z.output<typeof filterQuery>;

const zoneSchema = z.object({
  zone: z.string(),
  country: z.string(),
  region: z.string(),
  providerRegion: z.string(),
  endpoint: z.string().meta({ description: 'Braces mark what your account fills in.' }),
  jurisdiction: z.string(),
  operatorJurisdiction: z.string(),
  s3Compatible: z.enum(['yes', 'partial', 'no']),
  claims: z.record(z.string(), claim).meta({ description: 'What sources say of features; a probe decides.' }),
  iso27001: claim,
  nationalScheme: z.enum(['SecNumCloud', 'C5', 'no', 'unknown']),
  gdprAgreement: claim,
  addressing: z.enum(['path', 'virtual', 'both', 'unknown']),
  notes: z.array(z.string()),
  sources: z.array(z.string()),
  verifiedOn: z.string(),
});

const providerSchema = z
  .object({ id: z.string(), name: z.string(), zones: z.array(zoneSchema) })
  .meta({ description: 'A provider of the catalogue, with those of its zones that match.' });

export function providerRoutes({ catalogue }: Pick<ControlServices, 'catalogue'>): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/providers',
      operationId: 'listProviders',
      tag: 'providers',
      summary: 'Browse the provider catalogue',
      description: 'Claims with their sources, not proofs. What is not known matches nothing that is asked for.',
      access: lookAtGateway,
      status: 200,
      query: pageQuery.extend(filterQuery.shape),
      response: pageSchema(providerSchema),
      handle: ({ query }) =>
        Promise.resolve(pageOf(providersOf(catalogue.entries, query), (provider) => provider.id, query)),
    }),
    route({
      method: 'GET',
      path: '/providers/:id',
      operationId: 'getProvider',
      tag: 'providers',
      summary: 'One provider with its zones',
      access: lookAtGateway,
      status: 200,
      params: z.object({ id: z.string().max(PARAM_CHARS_MAX) }),
      query: filterQuery,
      response: providerSchema,
      handle({ params, query }) {
        const own = catalogue.entries.filter(({ providerId }) => providerId === params.id);
        const [first] = own;
        if (first === undefined) throw new Fault('NotFound', 'The catalogue knows no such provider.');
        const [matching] = providersOf(own, query);
        return Promise.resolve(matching ?? { id: first.providerId, name: first.provider, zones: [] });
      },
    }),
  ];
}

function providersOf(entries: readonly CatalogueEntry[], query: FilterQuery): z.input<typeof providerSchema>[] {
  const providers = new Map<string, z.input<typeof providerSchema>>();
  for (const entry of filterCatalogue(entries, filterOf(query))) {
    const provider = providers.get(entry.providerId) ?? { id: entry.providerId, name: entry.provider, zones: [] };
    provider.zones.push(zoneModel(entry));
    providers.set(entry.providerId, provider);
  }
  return [...providers.values()];
}

function filterOf(query: FilterQuery): CatalogueFilter {
  const filter = {
    country: query.country?.toUpperCase(),
    within: query.jurisdiction?.toUpperCase(),
    operatorWithin: query.operatorJurisdiction?.toUpperCase(),
    operatorOutside: query.notOperatorJurisdiction?.toUpperCase(),
    capabilities: query.feature && [query.feature],
    certificates: query.certificate === undefined ? undefined : [query.certificate],
    text: query.text,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function zoneModel(entry: CatalogueEntry): z.input<typeof zoneSchema> {
  return {
    ...entry,
    region: entry.regionName,
    claims: { ...entry.capabilities },
    notes: [...entry.notes],
    sources: [...entry.sources],
  };
}
