import { z } from 'zod';
import { backendFacts, type CatalogueEntry, filterCatalogue } from '../catalogue/index.ts';
import { Fault } from '../faults/index.ts';
import { BACKENDS_MAX } from '../limits.ts';
import { parseBackendId, parseBucketName } from '../names/index.ts';
import { type BucketFacts, parseRegionLock } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';

const text = z.string().max(256);

/** A backend that nobody has registered, as tests of policies and plans write it. */
export const wouldBeBackend = z.strictObject({
  zone: text.optional().meta({ description: 'Facts of the catalogue, its claims taken as if a probe had found them.' }),
  provider: text.optional(),
  region: text.optional(),
  country: text.optional(),
  jurisdiction: text.optional(),
  operatorJurisdiction: text.optional(),
  certificates: z.array(text).optional(),
  capabilities: z.array(text).optional(),
  sla: text.optional(),
  weight: z.number().min(0).optional(),
  latencyMs: z.number().min(0).optional(),
  price: z
    .strictObject({
      currency: text,
      storage: z.number().min(0).optional(),
      egress: z.number().min(0).optional(),
      requests: z.number().min(0).optional(),
    })
    .optional(),
});
export type WouldBeBackend = z.infer<typeof wouldBeBackend>;

/** A bucket that nobody has created. */
export const wouldBeBucket = z.strictObject({
  tenant: text.optional(),
  name: text.optional(),
  regionLock: text.optional(),
  objectLock: z.boolean().optional(),
});

/** What rules may ask of it; without a word about it, a strict bucket of an ordinary tenant. */
export function bucketFactsOf(bucket: z.infer<typeof wouldBeBucket>): BucketFacts {
  return {
    tenantName: bucket.tenant ?? 'tenant',
    name: parseBucketName(bucket.name ?? 'bucket'),
    region: 'region',
    encryption: 'required',
    versioning: bucket.objectLock === true ? 'enabled' : 'off',
    objectLock: bucket.objectLock ?? false,
    regionLock: bucket.regionLock === undefined ? [] : parseRegionLock(bucket.regionLock),
  };
}

/**
 * The described backends, healthy, with what nobody says of them unknown.
 * @param document what to call the text that describes them
 * @throws Fault PolicyInvalid for a zone that the catalogue has not, ValidationFailed for an id that is none
 */
export function describedBackends(
  described: Readonly<Record<string, WouldBeBackend>>,
  catalogue: readonly CatalogueEntry[],
  document: string,
): readonly Backend[] {
  const zones = new Map(catalogue.map((entry) => [entry.zone, entry]));
  return Object.entries(described).map(([id, facts], num) => {
    const entry = facts.zone === undefined ? undefined : zones.get(facts.zone);
    if (facts.zone !== undefined && entry === undefined) {
      throw new Fault('PolicyInvalid', `The provider catalogue has no zone "${facts.zone}".`, { rule: document });
    }
    return backendOf(id, { num, facts, entry });
  });
}

/** Which zones of the catalogue are asked about; an absent member keeps all. */
export interface ZoneFilter {
  /** Ids of providers. */
  readonly providers?: readonly string[] | undefined;
  /** A jurisdiction or country that the bytes certainly lie in. */
  readonly jurisdiction?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string | undefined;
}

/**
 * Every zone that matches as a backend of its own, its claims taken as if a probe had found them. They have no prices.
 * @throws Fault ValidationFailed for a provider that is not there, and when no zone matches or too many do
 */
export function catalogueBackends(entries: readonly CatalogueEntry[], filter: ZoneFilter): readonly Backend[] {
  const { providers, jurisdiction, country } = filter;
  for (const id of providers ?? []) {
    if (!entries.some(({ providerId }) => providerId === id))
      throw new Fault('ValidationFailed', `The provider catalogue has no provider "${id}".`);
  }
  const zones = filterCatalogue(entries, {
    ...(jurisdiction === undefined ? {} : { within: jurisdiction.toUpperCase() }),
    ...(country === undefined ? {} : { country: country.toUpperCase() }),
  }).filter(({ providerId }) => providers?.includes(providerId) ?? true);
  if (zones.length === 0) throw new Fault('ValidationFailed', 'No zone of the provider catalogue matches.');
  if (zones.length > BACKENDS_MAX)
    throw new Fault('ValidationFailed', `More than ${BACKENDS_MAX} zones match: ask for fewer providers or countries.`);
  return zones.map((entry, num) => backendOf(entry.zone, { num, facts: { zone: entry.zone }, entry }));
}

function backendOf(
  id: string,
  from: { readonly num: number; readonly facts: WouldBeBackend; readonly entry: CatalogueEntry | undefined },
): Backend {
  const { zone, capabilities, latencyMs, price, ...facts } = from.facts;
  const { entry } = from;
  const claimed = Object.entries(entry?.capabilities ?? {}).filter(([, claim]) => claim !== 'unknown');
  const said = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return {
    ...BLANK,
    id: parseBackendId(id),
    num: from.num,
    ...(entry === undefined ? {} : { ...backendFacts(entry), region: knownRegion(entry) }),
    ...said,
    zone: zone ?? null,
    capabilities: Object.fromEntries(
      capabilities === undefined
        ? claimed.map(([name, claim]) => [name, claim === 'yes'])
        : capabilities.map((name) => [name, true]),
    ),
    expectedLatencyMs: latencyMs ?? null,
    prices: price
      ? {
          currency: price.currency,
          storagePerGbMonth: price.storage ?? null,
          egressPerGb: price.egress ?? null,
          per1000Requests: price.requests ?? null,
        }
      : null,
  };
}

/** What nobody knows is no region that two zones could share. */
function knownRegion({ providerRegion }: CatalogueEntry): string {
  return providerRegion === 'unknown' ? '' : providerRegion;
}

/** Nothing is known of it. */
const BLANK = {
  type: 's3',
  endpoint: '',
  provider: '',
  providerRegion: '',
  region: '',
  country: 'XX',
  jurisdiction: 'unknown',
  operatorJurisdiction: 'unknown',
  certificates: [],
  sla: null,
  weight: 100,
  addressing: 'path',
  custody: 'gateway',
  credentials: null,
  probedAtMs: null,
  state: 'healthy',
  stateSinceMs: 0,
  createdAtMs: 0,
} as const;
