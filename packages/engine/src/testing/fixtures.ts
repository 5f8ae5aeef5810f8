import type { AckRule } from '@sealgate/core/ack';
import { parseBackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';

/** A healthy backend whose region is its own id. */
export function backend(id: string, facts: Partial<Backend> = {}): Backend {
  return {
    id: parseBackendId(id),
    num: id.charCodeAt(0),
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

/** The ack rule `copies >= n`. */
export function copiesAtLeast(n: number): AckRule {
  return {
    text: `copies >= ${n}`,
    evaluate: (stored, pending) =>
      stored.length >= n ? 'held' : stored.length + pending.length >= n ? 'possible' : 'impossible',
  };
}
