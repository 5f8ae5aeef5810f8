import { join } from 'node:path';
import { systemClock } from '@sealgate/core/ports';
import type { BackgroundLoop } from '@sealgate/runtime/background';
import type { Logger } from '@sealgate/runtime/log';
import { createBackendProber } from '../backends/prober.ts';
import { loadCatalogue } from '../catalogue/catalogue.ts';
import { reportCatalogueDifferences } from '../catalogue/report.ts';
import type { Config } from '../config.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { startWorkers } from '../workers/worker-pool.ts';
import { startBackgroundWork } from './background-work.ts';
import { banner } from './banner.ts';
import { type Closers, createClosers } from './closers.ts';
import { openControlListener } from './control-listener.ts';
import { type CoreServices, openCoreServices } from './core-services.ts';
import { credentialsPath, ensureFirstCredential, type FirstCredentials, writeCredentials } from './credentials-file.ts';
import { createDataPlaneSlot, type DataPlane } from './data-plane.ts';
import { prepareDatabase } from './database.ts';
import { ensureDemoBackends } from './demo-backends.ts';
import { endpointOf } from './endpoints.ts';
import { type HeldPort, holdPort } from './free-port.ts';
import { createReadiness, databaseTrouble } from './readiness.ts';
import { type ObjectRequests, openObjectRequests, openS3Listener } from './s3-listener.ts';
import type { GatewaySecrets } from './secrets.ts';
import { loadTls, type TlsFiles } from './tls.ts';

export interface ServeOptions {
  readonly config: Config;
  /** Handed on to workers, which read the same settings. */
  readonly args: readonly string[];
  readonly databaseUrl: string;
  readonly secrets: GatewaySecrets;
  readonly logger: Logger;
  readonly version: string;
  readonly cwd: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** What goes to standard output. */
  readonly print: (text: string) => void;
}

/** A gateway that serves. */
export interface Serving {
  /** Says "not ready", takes nothing new, lets what is under way finish until `graceMs` or until `forced` aborts. */
  stop(graceMs: number, forced: AbortSignal): Promise<void>;
}

/** Everything after the database runs: from its migration to the first request served. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, databaseUrl, logger, secrets } = options;
  const catalogue = await loadCatalogue(config.providerCatalogue);
  await prepareDatabase(options);
  const closers = createClosers(logger);
  try {
    const metrics = createMetrics();
    const core = await openCoreServices({
      config,
      databaseUrl,
      passphrase: secrets.passphrase,
      logger,
      metrics,
      leads: true,
      alone: config.embedded && config.workers === 1,
    });
    closers.add('database and backends', () => core.close());
    const first = config.embedded ? await prepareEmbedded(core, config) : undefined;
    const [tls] = await Promise.all([loadTls(config), core.registry.start()]);
    const held = await holdPort(config.host, config.s3Port);
    closers.add('port of the S3 listener', () => held.free());
    const { port } = held;
    const objects = openObjectRequests(core, { config, port, logger, metrics });
    closers.add('records of requests', () => objects.close());
    const plane = createDataPlaneSlot();
    const readiness = createReadiness(async () => plane.reason() ?? (await databaseTrouble(core.metadata)));
    const running: BackgroundLoop[] = [];
    const opening: Opening = { core, objects, held, options, metrics, tls, closers };
    const loops = () => running.map((loop) => loop.status());
    const control = await openControlListener({ ...opening, ...options, plane, readiness, loops, catalogue });
    closers.add('control listener', (graceMs) => control.close(graceMs));
    await reportCatalogueDifferences({ metadata: core.metadata, catalogue, logger, registry: metrics.registry });
    await openDataPlane(plane, opening);
    if (config.backgroundWork) {
      const deps = { core, config, databaseUrl, logger, metrics, closers };
      running.push(...(await startBackgroundWork(deps, { beside: true })));
    }
    await announce(opening, { first, s3Port: plane.port, controlPort: control.port });
    readiness.set(undefined);
    return {
      async stop(graceMs, forced) {
        readiness.set('stopping');
        await closers.close(graceMs, forced);
      },
    };
  } catch (error) {
    await closers.close(0, AbortSignal.abort());
    throw error;
  }
}

interface Opening {
  readonly core: CoreServices;
  readonly objects: ObjectRequests;
  /** The port of the S3 listener. */
  readonly held: HeldPort;
  readonly options: ServeOptions;
  readonly metrics: Metrics;
  readonly tls: TlsFiles | undefined;
  readonly closers: Closers;
}

type FirstKeys = Awaited<ReturnType<typeof ensureFirstCredential>>;

async function prepareEmbedded(core: CoreServices, config: Config): Promise<FirstKeys> {
  if (config.demoBackends) {
    const deps = { metadata: core.metadata, prober: createBackendProber(core.links), clock: systemClock };
    await ensureDemoBackends(deps, join(config.dataDir, 'backends'));
  }
  return await ensureFirstCredential(core.metadata, config.dataDir);
}

async function openDataPlane(
  slot: ReturnType<typeof createDataPlaneSlot>,
  { core, objects, held, options, metrics, tls, closers }: Opening,
): Promise<void> {
  const { port } = held;
  const { config, logger, args, databaseUrl } = options;
  const start = {
    kind: 'start',
    args,
    databaseUrl,
    passphrase: options.secrets.passphrase.reveal(),
    s3Port: port,
  } as const;
  await held.free();
  const plane =
    config.workers === 1
      ? await openHere()
      : await startWorkers({ count: config.workers, start, clock: systemClock, logger });
  slot.fill(plane);
  closers.add('S3 listener', (graceMs) => plane.close(graceMs));

  async function openHere(): Promise<DataPlane> {
    const { server } = await openS3Listener(core, objects, { config, port, logger, metrics, tls });
    return {
      port,
      reason: () => undefined,
      otherMetrics: () => Promise.resolve([]),
      close: (graceMs) => server.close(graceMs),
    };
  }
}

async function announce(
  { core, options }: Opening,
  facts: { readonly first: FirstKeys | undefined; readonly s3Port: number; readonly controlPort: number },
): Promise<void> {
  const { config, logger, secrets } = options;
  const s3Endpoint = config.publicS3Url ?? endpointOf(config, facts.s3Port);
  const controlEndpoint = endpointOf(config, facts.controlPort);
  let credentialsFile: string | undefined;
  if (facts.first !== undefined) {
    credentialsFile = credentialsPath(config.dataDir);
    const adminKey = secrets.adminKey.reveal();
    const all: FirstCredentials = { s3Endpoint, controlEndpoint, region: config.region, ...facts.first, adminKey };
    await writeCredentials(config.dataDir, all);
  }
  const startedInMs = systemClock.monotonic() - options.startedMs;
  logger.info({ s3Endpoint, controlEndpoint, workers: config.workers, startedInMs }, 'ready');
  const backends = core.registry.pool.all();
  const shown = { s3Endpoint, controlEndpoint, region: config.region, credentialsFile, backends, startedInMs };
  options.print(banner(shown, options.cwd));
}
