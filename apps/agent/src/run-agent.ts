import { parseArgs } from 'node:util';
import { Fault, isFault } from '@sealgate/core/faults';
import { type Backend, type Clock, systemClock } from '@sealgate/core/ports';
import {
  createRepairer,
  createSeenParts,
  defaultEngineLimits,
  type PartOf,
  type Repairer,
  type RepairMetadata,
  type RepairWorker,
  silentEvents,
} from '@sealgate/engine';
import { fingerprint } from '@sealgate/runtime/agents';
import { type BackendRegistry, createBackendRegistry, linkTo } from '@sealgate/runtime/backends';
import { type BackgroundLoop, createLoop } from '@sealgate/runtime/background';
import { createLogger, type Logger } from '@sealgate/runtime/log';
import { createEndpointGuard } from '@sealgate/runtime/net';
import { type Observer, openObserver } from '@sealgate/runtime/observe';
import { agentKeyId } from '@sealgate/sealed/credentials';
import { type AgentConfig, loadAgentConfig, type OwnBackend, secretsInClear, withSecrets } from './config.ts';
import { createControlLink, createSender } from './control-link.ts';
import { createGrants, type Grants } from './grants.ts';
import { type Identity, openIdentity } from './identity.ts';
import { openLock, type SecretBox } from './lock.ts';
import { type AgentMetrics, createAgentMetrics, troubleOf } from './observe.ts';
import { requirePassphrase } from './passphrase.ts';
import { backendsOf, createRemoteMetadata, remoteBackend } from './remote-metadata.ts';

const exitCodes = { stopped: 0, failed: 1, refused: 2 } as const;
const PING_INTERVAL_MS = 5000;
const PING_TIMEOUT_MS = 5000;
/**
 * Runs an agent until it is told to stop (SIGTERM, SIGINT): it takes repairs that it can do, over a gateway's control
 * listener with a key of its own. What it has not finished when it stops goes back at once.
 *
 * @returns the exit code: 0 stopped in order, 1 failed, 2 refused to start with these settings
 */
export async function runAgent(args: readonly string[]): Promise<number> {
  // Timers of the program let a process end; an idle agent goes on.
  const alive = setInterval(() => undefined, 60_000);
  try {
    const { values } = parseArgs({ args: [...args], options: { config: { type: 'string' } }, strict: true });
    const loaded = loadAgentConfig({ file: values.config, env: process.env, cwd: process.cwd() });
    const box = await openLock(loaded.stateDir, () => Promise.resolve(requirePassphrase(process.env)));
    const config = await withSecrets(loaded, box);
    const logger = await createLogger(config);
    const clear = secretsInClear(loaded);
    if (box !== undefined && clear.length > 0)
      logger.warn({ backends: clear }, 'secrets of backends are in the clear; "sealgate agent protect" seals them');
    return await run({ ...config, box }, logger);
  } catch (error) {
    const known = isFault(error) && error.code !== 'InternalError';
    const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`sealgate: ${text}\n`);
    return isFault(error, 'ConfigInvalid') || error instanceof TypeError ? exitCodes.refused : exitCodes.failed;
  } finally {
    clearInterval(alive);
  }
}

/** What an agent works with. */
interface Reach {
  readonly metadata: RepairMetadata;
  readonly registry: BackendRegistry;
  readonly worker: RepairWorker;
  readonly grants: Grants;
  /** Of what backends allow to background work. */
  readonly part: PartOf;
  close(): Promise<void>;
}

/** The settings of an agent, and what opens its sealed files. */
type Settings = AgentConfig & { readonly box: SecretBox | undefined };

async function run(config: Settings, logger: Logger): Promise<number> {
  const stopping = new AbortController();
  const stopped = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
    stopping.signal.addEventListener('abort', () => resolve('superseded'));
  });
  const clock = systemClock;
  const metrics = createAgentMetrics();
  const reach = await overControl(config, { logger, clock, metrics });
  let observer: Observer | undefined;
  try {
    await reach.registry.start();
    const { pool } = reach.registry;
    const limits = { ...defaultEngineLimits, repairBatch: config.batch };
    const { metadata, worker, part } = reach;
    const repairer = createRepairer({ metadata, worker, part, pool, clock, limits, events: silentEvents });
    const shared = { clock, logger, metrics };
    const loop = createLoop({
      ...{ ...shared, name: 'repairs', concurrency: config.concurrency },
      run: (options) => takeBatch(repairer, options, () => stopping.abort()),
    });
    const grants = createLoop({ ...shared, name: 'grants', concurrency: 1, run: () => reach.grants.takeDue() });
    observer = await observe(config, { logger, registry: metrics.registry, loops: [loop, grants] });
    loop.start();
    grants.start();
    logger.info(
      {
        backends: pool
          .all()
          .filter(({ id }) => pool.driver(id))
          .map(({ id }) => id),
      },
      'agent at work',
    );
    logger.info({ reason: await stopped }, 'stopping');
    repairer.work.stopTaking();
    await grants.stop(0);
    await Promise.all([reach.grants.close(), loop.stop(config.drainSeconds * 1000)]);
    if (!stopping.signal.aborted) return exitCodes.stopped;
    throw new Fault('LeaseLost', 'Another process works as this agent now, or it was disabled.');
  } finally {
    await observer?.close();
    await reach.close();
  }
}

async function observe(
  { host, metricsPort }: Settings,
  { logger, registry, loops }: Pick<AgentMetrics, 'registry'> & { logger: Logger; loops: readonly BackgroundLoop[] },
): Promise<Observer | undefined> {
  if (metricsPort === undefined) return undefined;
  const trouble = () => Promise.resolve(troubleOf(loops));
  const observer = await openObserver({ host, port: metricsPort, registry, trouble });
  logger.info({ host, port: observer.port }, 'health and metrics');
  return observer;
}

/** An agent whose life is over can do nothing any more: it ends, and says why. */
async function takeBatch(
  repairer: Repairer,
  options: { readonly signal: AbortSignal },
  onOver: () => void,
): Promise<number> {
  try {
    return await repairer.repairDue(options);
  } catch (error) {
    if (isFault(error, 'LeaseLost')) onOver();
    throw error;
  }
}

async function overControl(
  config: Settings,
  { logger, clock, metrics }: { readonly logger: Logger; readonly clock: Clock; readonly metrics: AgentMetrics },
): Promise<Reach> {
  const { controlUrl } = config;
  const identity = await openIdentity(config.stateDir, config.box);
  if (identity.id === undefined) await enrol(config, identity, logger);
  const link = createControlLink({ controlUrl, identity, clock });
  await link.begin();
  const encryptionKey = await agentKeyId(identity.encryptionKey);
  const keys = { fingerprint: fingerprint(identity.publicKey), encryptionKey };
  logger.info({ agent: identity.id, epoch: link.epoch(), ...keys }, 'agent began');
  const guard = createEndpointGuard(allowedOf(config));
  const seen = createSeenParts(clock);
  const registry: BackendRegistry = createBackendRegistry({
    metadata: {
      listBackends: async () =>
        (await backendsOf(link, reportOf(registry, config), { clock, seen })).map(remoteBackend),
      setBackendState: () => Promise.resolve(false),
      hurryRepairs: () => Promise.resolve(0),
    },
    clock,
    logger,
    metrics,
    createDriver: (backend) => linkTo(withOwn(backend, config.backends[backend.id]), { guard, clock, logger })?.driver,
    recordsHealth: false,
    pingIntervalMs: PING_INTERVAL_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
  });
  const identityNow = () => ({ name: identity.id ?? '', epoch: link.epoch() });
  const leaseMs = config.leaseSeconds * 1000;
  const worker: RepairWorker = { identity: identityNow, kinds: ['repair', 'replicate'], leaseMs };
  const links = { guard, clock, logger };
  return {
    metadata: createRemoteMetadata(link),
    registry,
    worker,
    grants: createGrants({ config, identity, link, registry, links, worker, part: seen.part, clock, logger }),
    part: seen.part,
    close: () => registry.close(),
  };
}

async function enrol(config: AgentConfig, identity: Identity, logger: Logger): Promise<void> {
  const { enrolmentToken, controlUrl } = config;
  if (enrolmentToken === undefined) {
    throw new Fault(
      'ConfigInvalid',
      'This agent has not enrolled. Make it with "sealgate agent create NAME" and give its token as SEALGATE_AGENT_ENROLMENT_TOKEN.',
    );
  }
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const keys = { publicKey: base64(identity.publicKey), encryptionKey: base64(identity.encryptionKey) };
  const answer = await createSender(controlUrl, fetch)('enrol', { token: enrolmentToken.reveal(), ...keys }, {});
  await identity.enrolled(answer.id);
  logger.info({ agent: answer.id, fingerprint: fingerprint(identity.publicKey) }, 'agent enrolled');
}

/** The backend with what this agent has of it; nothing else opens it. */
function withOwn(backend: Backend, own: OwnBackend | undefined): Backend {
  if (own === undefined) return { ...backend, custody: 'agent' };
  if ('folder' in own) return { ...backend, custody: 'gateway', type: 'filesystem', endpoint: own.folder };
  const credentials = { accessKeyId: own.accessKeyId, secretAccessKey: own.secretAccessKey.reveal() };
  return { ...backend, custody: 'gateway', type: 's3', endpoint: own.endpoint ?? backend.endpoint, credentials };
}

function reportOf(registry: BackendRegistry, config: AgentConfig) {
  const own = registry.views().filter(({ backend }) => Object.hasOwn(config.backends, backend.id));
  return Object.fromEntries(
    own.map(({ backend, latencyMs }) => [
      backend.id,
      { ok: backend.state === 'healthy' || backend.state === 'degraded', latencyMs: latencyMs ?? 0 },
    ]),
  );
}

function allowedOf({ allowPrivateEndpoints: allowed }: AgentConfig) {
  return typeof allowed === 'boolean'
    ? { privateRanges: allowed, cidrs: [] }
    : { privateRanges: false, cidrs: allowed };
}
