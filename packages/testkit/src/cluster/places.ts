import { parseBackendId } from '@sealgate/core/names';
import type { NewBackend } from '@sealgate/core/ports';

/** Six European backends in four countries and regions, two of them in one country, and one in the US. */
const PLACES = [
  ['hel-1', 'fi-south', 'FI'],
  ['hel-2', 'fi-south', 'FI'],
  ['fra-1', 'de-west', 'DE'],
  ['par-1', 'fr-north', 'FR'],
  ['ams-1', 'nl-west', 'NL'],
  ['ams-2', 'nl-east', 'NL'],
  ['iad-1', 'us-east', 'US'],
] as const;

export function simulatedBackends(): readonly NewBackend[] {
  return PLACES.map(([id, region, country]) => ({
    id: parseBackendId(id),
    type: 'memory',
    endpoint: '',
    provider: `provider-${id}`,
    providerRegion: region,
    region,
    country,
    jurisdiction: country === 'US' ? 'US' : 'EU',
    operatorJurisdiction: country,
    certificates: [],
    sla: null,
    weight: 1,
    addressing: 'path',
    custody: 'gateway',
    credentials: null,
  }));
}
