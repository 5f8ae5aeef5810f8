import { join } from 'node:path';
import { parseBackendId } from '@sealgate/core/names';
import type { AuditActor, Metadata, NewBackend } from '@sealgate/core/ports';

interface DemoPlace {
  readonly id: string;
  readonly region: string;
  readonly country: string;
  readonly jurisdiction: string;
  readonly operatorJurisdiction: string;
}

/**
 * Six European places in five countries, two of them in one, and one in the US: every class and every refusal can be
 * tried on one machine. The facts are those of real places, the provider is nobody's.
 */
const PLACES: readonly DemoPlace[] = [
  { id: 'demo-hel', region: 'fi-helsinki', country: 'FI', jurisdiction: 'EU', operatorJurisdiction: 'FI' },
  { id: 'demo-tmp', region: 'fi-tampere', country: 'FI', jurisdiction: 'EU', operatorJurisdiction: 'FI' },
  { id: 'demo-fra', region: 'de-frankfurt', country: 'DE', jurisdiction: 'EU', operatorJurisdiction: 'DE' },
  { id: 'demo-par', region: 'fr-paris', country: 'FR', jurisdiction: 'EU', operatorJurisdiction: 'FR' },
  { id: 'demo-ams', region: 'nl-amsterdam', country: 'NL', jurisdiction: 'EU', operatorJurisdiction: 'NL' },
  { id: 'demo-sto', region: 'se-stockholm', country: 'SE', jurisdiction: 'EU', operatorJurisdiction: 'SE' },
  { id: 'demo-iad', region: 'us-ashburn', country: 'US', jurisdiction: 'US', operatorJurisdiction: 'US' },
];

const ACTOR: AuditActor = { kind: 'system', id: 'first-start', requestId: '-' };

/** Registers the demo backends when no backend is registered. Their folders are made by their drivers. */
export async function ensureDemoBackends(
  metadata: Pick<Metadata, 'listBackends' | 'createBackend'>,
  folder: string,
): Promise<void> {
  if ((await metadata.listBackends()).length > 0) return;
  // One after the other: their numbers, and so everything that lists them, keep the order above.
  for (const place of PLACES) await metadata.createBackend(demoBackend(place, folder), ACTOR);
}

function demoBackend(place: DemoPlace, folder: string): NewBackend {
  return {
    ...place,
    id: parseBackendId(place.id),
    type: 'filesystem',
    endpoint: join(folder, place.id),
    provider: 'demo',
    providerRegion: place.region,
    certificates: [],
    sla: null,
    weight: 100,
    addressing: 'path',
    custody: 'gateway',
    credentials: null,
  };
}
