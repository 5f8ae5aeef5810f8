import type { Metadata } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import { Gauge, type Registry } from 'prom-client';
import type { Catalogue } from './catalogue.ts';

/**
 * Tells, at the start, of every backend whose legal facts the catalogue knows otherwise now, in the log and in a metric.
 * Nothing is changed: that takes an operator's word.
 */
export async function reportCatalogueDifferences(deps: {
  readonly metadata: Pick<Metadata, 'listBackends'>;
  readonly catalogue: Catalogue;
  readonly logger: Pick<Logger, 'warn'>;
  readonly registry: Registry;
}): Promise<void> {
  const gauge = createCatalogueGauge(deps.registry);
  for (const backend of await deps.metadata.listBackends()) {
    if (!backend.zone) continue;
    const differences = deps.catalogue.differences(backend);
    gauge.set({ backend: backend.id }, differences.length);
    if (differences.length === 0) continue;
    deps.logger.warn(
      { backend: backend.id, zone: backend.zone, differences },
      'the provider catalogue and the record of a backend differ; the record holds until an operator changes it',
    );
  }
}

export function createCatalogueGauge(registry: Registry): Gauge<'backend'> {
  return new Gauge({
    name: 'sealgate_backend_catalogue_differences',
    help: 'Legal facts of a backend that the provider catalogue tells otherwise than its record, at the last start.',
    labelNames: ['backend'],
    registers: [registry],
  });
}
