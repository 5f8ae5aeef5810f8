// Credentials that their owner hands to this agent for one job (custody "client"). They are in memory only, for the job and
// until the grant ends; then nothing of them is left. A process that begins anew needs another grant.
import { isFault } from '@sealgate/core/faults';
import { type Clock, pause } from '@sealgate/core/ports';
import type { PartOf, RepairWorker } from '@sealgate/engine';
import { alone, createRepairer, defaultEngineLimits, silentEvents } from '@sealgate/engine';
import { type BackendRegistry, type LinkDeps, linkTo } from '@sealgate/runtime/backends';
import type { Logger } from '@sealgate/runtime/log';
import { type Grant, GrantRefused, openGrant } from '@sealgate/sealed/credentials';
import type { AgentConfig } from './config.ts';
import type { ControlLink } from './control-link.ts';
import { misfit, narrowed, withGranted } from './granted-backend.ts';
import type { Identity } from './identity.ts';
import { createRemoteMetadata } from './remote-metadata.ts';
import { createUsedGrants } from './used-grants.ts';

/** Jobs with granted credentials at once; further grants wait at the gateway until they end. */
const JOBS_MAX = 4;
/** Until a job that has nothing to take now is looked at again: its sources may be away. */
const LOOK_MS = 1000;

export interface GrantsDeps {
  readonly config: Pick<AgentConfig, 'grantSigners' | 'stateDir' | 'batch'>;
  readonly identity: Identity;
  readonly link: ControlLink;
  readonly registry: BackendRegistry;
  readonly links: LinkDeps;
  readonly worker: RepairWorker;
  /** Of what the other backends allow to background work. */
  readonly part: PartOf;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Grants {
  /** Takes what waits for this agent and begins the jobs; how many. */
  takeDue(): Promise<number>;
  /** Ends the work; what was not finished goes back untried. */
  close(): Promise<void>;
}

export function createGrants(deps: GrantsDeps): Grants {
  const { config, identity, link, clock, logger } = deps;
  const used = createUsedGrants(config.stateDir, clock);
  const signers = config.grantSigners.map((text) => new Uint8Array(Buffer.from(text, 'base64url')));
  const running = new Map<Promise<void>, () => void>();

  const begin = async ({ job, sealed }: { readonly job: string; readonly sealed: string }): Promise<void> => {
    try {
      const grant = await openGrant(sealed, {
        ...{ job, signers, agentKey: identity.openingKey, nowMs: clock.now() },
        useOnce: (jti, exp) => used.use(jti, exp),
      });
      const stop = new AbortController();
      const work = workWith(deps, grant, stop.signal).catch((error: unknown) => {
        logger.warn({ err: error, job }, 'work with granted credentials ended');
      });
      running.set(work, () => stop.abort());
      void work.finally(() => running.delete(work));
    } catch (error) {
      if (!(error instanceof GrantRefused)) throw error;
      logger.warn({ job, problem: error.problem }, 'a grant of credentials was refused');
    }
  };

  return {
    async takeDue() {
      if (signers.length === 0 || running.size >= JOBS_MAX) return 0;
      const { grants } = await link.call('grants', { limit: JOBS_MAX - running.size });
      for (const grant of grants) await begin(grant);
      return grants.length;
    },
    async close() {
      for (const stop of running.values()) stop();
      await Promise.all(running.keys());
    },
  };
}

/** Works at the grant's job until it is over, the grant ends, or `stopped` aborts. */
async function workWith(deps: GrantsDeps, grant: Grant, stopped: AbortSignal): Promise<void> {
  const { registry, clock, logger } = deps;
  const { job } = grant;
  const backend = registry.pool.all().find(({ id }) => id === grant.backend);
  const why = misfit(backend, grant);
  // The guard of endpoints judges this one like any other: its literal address here, what its name resolves to at each call.
  const granted =
    backend !== undefined && why === undefined ? linkTo(asGranted(backend, grant), deps.links) : undefined;
  if (backend === undefined || granted === undefined) {
    logger.warn({ job, why: why ?? 'its endpoint is not allowed here' }, 'a grant of credentials was refused');
    return;
  }
  const over = new AbortController();
  const driver = narrowed(granted.driver, grant);
  const repairer = createRepairer({
    metadata: createRemoteMetadata(deps.link, { job, onOver: () => over.abort() }),
    pool: withGranted(registry.pool, backend, { driver }),
    limits: { ...defaultEngineLimits, repairBatch: deps.config.batch },
    ...{ worker: deps.worker, clock, events: silentEvents },
    // Nobody else has these credentials.
    part: (id) => (id === backend.id ? alone(id) : deps.part(id)),
  });
  const end = (): void => {
    repairer.work.stopTaking();
    over.abort();
  };
  stopped.addEventListener('abort', end, { once: true });
  const cancel = clock.schedule(grant.exp * 1000 - clock.now(), end);
  logger.info({ job, backend: backend.id, bucket: grant.bucket }, 'credentials were granted');
  try {
    if (stopped.aborted) end();
    while (!over.signal.aborted) {
      const taken = await repairer.repairDue({ signal: over.signal }).catch((error: unknown) => {
        if (isFault(error, 'LeaseLost')) end();
        logger.debug({ err: error, job }, 'a round with granted credentials failed');
        return 0;
      });
      if (taken === 0) await pause(clock, LOOK_MS, over.signal);
    }
  } finally {
    cancel();
    stopped.removeEventListener('abort', end);
    await granted.driver.close();
    logger.info({ job, backend: backend.id }, 'granted credentials are forgotten');
  }
}

function asGranted(backend: Parameters<typeof linkTo>[0], { ak, sk, st, endpoint, region }: Grant) {
  const credentials = { accessKeyId: ak, secretAccessKey: sk, ...(st === undefined ? {} : { sessionToken: st }) };
  return { ...backend, custody: 'gateway' as const, credentials, endpoint, providerRegion: region };
}
