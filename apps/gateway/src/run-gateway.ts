import { isFault } from '@sealgate/core/faults';
import { createLogger, type Logger } from '@sealgate/runtime/log';
import type { Role } from './config/schema.ts';
import { type Config, loadConfig, processSources } from './config.ts';
import { makeDataDir } from './start/data-dir.ts';
import { loadSecrets } from './start/secrets.ts';
import type { ServeOptions, Serving } from './start/serve.ts';
import { listenForStop, type StopSignals } from './start/stop-signals.ts';

/** The exit codes of a gateway. A start that was refused is a usage error: the same start fails again. */
const exitCodes = { stopped: 0, failed: 1, refused: 2 } as const;

/**
 * Runs a gateway until it is told to stop (SIGTERM, SIGINT). Settings come from `args` (what follows `serve` on the
 * command line), the environment and `sealgate.yaml`; what a person should read goes to standard output, the log to
 * standard error.
 *
 * @returns the exit code: 0 stopped in order, 1 failed, 2 refused to start with these settings
 */
export function runGateway(args: readonly string[]): Promise<number> {
  return runAs('gateway', args);
}

/**
 * Runs an agent over the database until it is told to stop: all background work of a gateway, and no listeners. It has
 * the settings of a gateway, of which `DATABASE_URL` and `TENANT_SECRET_PASSPHRASE` are required.
 *
 * @returns the exit code, as of a gateway
 */
export function runDatabaseAgent(args: readonly string[]): Promise<number> {
  return runAs('agent', args);
}

async function runAs(role: Role, args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const sources = processSources(args);
  let config: Config;
  try {
    config = loadConfig(sources, role);
  } catch (error) {
    return refuse(error);
  }
  const logger = await createLogger(config);
  process.on('uncaughtException', (error) => {
    // The state is unknown: leave, and let whoever watches over us start a fresh process. Committed data is safe.
    logger.fatal({ err: error }, 'uncaught error');
    logger.flush(() => process.exit(exitCodes.failed));
  });
  const signals = listenForStop();
  try {
    return await run({ role, config, args, logger, signals, startedMs, cwd: sources.cwd });
  } catch (error) {
    if (signals.stopping()) return exitCodes.stopped;
    logger.debug({ err: error }, 'the start failed');
    return refuse(error);
  }
}

interface Run {
  readonly role: Role;
  readonly config: Config;
  readonly args: readonly string[];
  readonly logger: Logger;
  readonly signals: StopSignals;
  readonly startedMs: number;
  readonly cwd: string;
}

async function run({ role, config, args, logger, signals, startedMs, cwd }: Run): Promise<number> {
  if (config.embedded) makeDataDir(config.dataDir);
  // The program is loaded while the database starts.
  const starting = role === 'agent' ? loadAgent() : loadGateway({ config, args, cwd, startedMs });
  const database = await openDatabase(config, { logger, signal: signals.first });
  let serving: Serving | undefined;
  try {
    const start = await starting;
    serving = await start({ config, logger, databaseUrl: database.url });
    const reason = await signals.requested;
    logger.info({ reason }, 'stopping');
    await serving.stop(config.drainTimeoutMs, signals.forced);
  } finally {
    await database.close();
  }
  logger.info('stopped');
  // Whoever forced the end does not wait for the sockets that are still open.
  if (signals.forced.aborted) process.exit(exitCodes.failed);
  return exitCodes.stopped;
}

type Start = (options: Pick<ServeOptions, 'config' | 'logger' | 'databaseUrl'>) => Promise<Serving>;

async function loadAgent(): Promise<Start> {
  const { work } = await import('./start/work.ts');
  return work;
}

async function loadGateway({
  config,
  ...facts
}: Pick<ServeOptions, 'config' | 'args' | 'cwd' | 'startedMs'>): Promise<Start> {
  const [{ serve }, secrets, version] = await Promise.all([
    import('./start/serve.ts'),
    loadSecrets(config),
    ownVersion(),
  ]);
  const print = (text: string): void => void process.stdout.write(text);
  return (options) => serve({ ...facts, ...options, secrets, version, print });
}

async function openDatabase(
  config: Config,
  options: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (config.databaseUrl) return { url: config.databaseUrl.reveal(), close: () => Promise.resolve() };
  const { startEmbeddedPostgres } = await import('@sealgate/metadata/embedded');
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir, ...options });
  return { url: server.databaseUrl, close: () => server.stop() };
}

async function ownVersion(): Promise<string> {
  const { default: manifest } = (await import('../package.json', { with: { type: 'json' } })) as {
    readonly default: { readonly version: string };
  };
  return manifest.version;
}

/** Faults are written for people; anything else is a defect and shows where it is. */
function refuse(error: unknown): number {
  const known = isFault(error) && error.code !== 'InternalError';
  const text = known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`sealgate: ${text}\n`);
  return isFault(error, 'ConfigInvalid') ? exitCodes.refused : exitCodes.failed;
}
