import { join } from 'node:path';
import { parseBackendId } from '@sealgate/core/names';
import type { AuditActor, Backend, Clock, Metadata, NewBackend } from '@sealgate/core/ports';
import type { BackendProber } from '../backends/prober.ts';

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

/** A probe of a folder takes milliseconds, on a disk that others keep busy seconds; one that hangs must not hang the start. */
const PROBE_MS = 60_000;
const ACTOR: AuditActor = { kind: 'system', id: 'first-start', requestId: '-' };

/**
 * Registers the demo backends when no backend is registered, and finds out what they can do, so that policies that
 * require a capability can be tried too. Their folders are made by their drivers.
 */
export async function ensureDemoBackends(
  deps: {
    readonly metadata: Pick<Metadata, 'listBackends' | 'createBackend' | 'recordProbe'>;
    readonly prober: BackendProber;
    readonly clock: Clock;
  },
  folder: string,
): Promise<void> {
  const { metadata, prober, clock } = deps;
  if ((await metadata.listBackends()).length > 0) return;
  // One after the other: their numbers, and so everything that lists them, keep the order above.
  const made: Backend[] = [];
  for (const place of PLACES) made.push(await metadata.createBackend(demoBackend(place, folder), ACTOR));
  await Promise.all(
    made.map(async (backend) => {
      const { report } = await prober.examine(backend, { signal: AbortSignal.timeout(PROBE_MS), probe: true });
      if (report) await metadata.recordProbe(backend.id, report.capabilities, clock.now(), ACTOR);
    }),
  );
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
