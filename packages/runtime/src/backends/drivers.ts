import { createFilesystemDriver, createLocalProbe } from '@sealgate/backends/filesystem';
import { createS3Driver, createS3Probe } from '@sealgate/backends/s3';
import type { Backend, BackendDriver, BackendProbe, Clock } from '@sealgate/core/ports';
import type { Logger } from '../log/logger.ts';
import type { EndpointGuard } from '../net/endpoint-guard.ts';

/** How this process speaks to one backend. */
export interface BackendLink {
  readonly driver: BackendDriver;
  readonly probe: BackendProbe;
}

export interface LinkDeps {
  readonly guard: EndpointGuard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The one place that knows which drivers there are. Undefined when this process may not speak to the backend (its
 * credentials are in another's custody) or must not (its endpoint is forbidden here).
 */
export function linkTo(backend: LinkFacts, deps: LinkDeps): BackendLink | undefined {
  if (backend.custody !== 'gateway') return undefined;
  if (backend.type === 'filesystem') {
    const driver = createFilesystemDriver({ root: backend.endpoint, clock: deps.clock });
    return { driver, probe: createLocalProbe(driver) };
  }
  if (backend.type !== 's3' || backend.credentials === null) return undefined;
  try {
    deps.guard.checkLiteral(backend.endpoint);
  } catch (error) {
    // The setting may have been narrowed since the backend was registered.
    deps.logger.error({ err: error, backend: backend.id }, 'backend left out: its endpoint is not allowed');
    return undefined;
  }
  const target = {
    endpoint: backend.endpoint,
    region: backend.providerRegion,
    addressing: backend.addressing,
    credentials: backend.credentials,
    capabilities: backend.capabilities,
    lookup: deps.guard.lookup,
    clock: deps.clock,
  };
  return { driver: createS3Driver(target), probe: createS3Probe(target) };
}

export type LinkFacts = Pick<
  Backend,
  'id' | 'type' | 'endpoint' | 'providerRegion' | 'addressing' | 'custody' | 'credentials' | 'capabilities'
>;
