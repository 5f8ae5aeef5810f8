import { Fault } from '@sealgate/core/faults';
import type { BackendHealthSample } from '@sealgate/core/ports';
import { type ProbeReport, probeBackend } from '@sealgate/engine';
import { type LinkDeps, type LinkFacts, linkTo } from '@sealgate/runtime/backends';

/** Looks at a backend with a connection of its own, whether it is registered or about to be. */
export interface BackendProber {
  /** @throws Fault BackendUnreachable, BackendTimeout, BackendRefused; InvalidRequest without credentials here */
  examine(backend: LinkFacts, options: { readonly signal: AbortSignal; readonly probe: boolean }): Promise<Examination>;
}

export interface Examination {
  readonly health: BackendHealthSample;
  /** Undefined when no probe was wanted or the backend did not answer. */
  readonly report: ProbeReport | undefined;
}

export function createBackendProber(deps: LinkDeps): BackendProber {
  return {
    async examine(backend, { signal, probe }) {
      const link = linkTo(backend, deps);
      if (link === undefined) {
        throw new Fault('InvalidRequest', "The backend's credentials are not with this gateway, so it cannot look.");
      }
      try {
        const health = await link.driver.ping({ signal });
        return { health, report: health.ok && probe ? await probeBackend(link, { signal }) : undefined };
      } finally {
        await link.driver.close();
      }
    },
  };
}
