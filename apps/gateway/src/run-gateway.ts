import { isFault } from '@sealgate/core/faults';
import { createLogger, type Logger } from '@sealgate/runtime/log';
import { type Config, loadConfig, processSources } from './config.ts';
import { loadSecrets } from './start/secrets.ts';
import type { Serving } from './start/serve.ts';
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
export async function runGateway(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const sources = processSources(args);
  let config: Config;
  try {
    config = loadConfig(sources);
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
    return await run({ config, args, logger, signals, startedMs, cwd: sources.cwd });
  } catch (error) {
    if (signals.stopping()) return exitCodes.stopped;
    logger.debug({ err: error }, 'the start failed');
    return refuse(error);
  }
}

interface Run {
  readonly config: Config;
  readonly args: readonly string[];
  readonly logger: Logger;
  readonly signals: StopSignals;
  readonly startedMs: number;
  readonly cwd: string;
}

async function run({ config, args, logger, signals, startedMs, cwd }: Run): Promise<number> {
  // The program is loaded while the database starts.
  const loading = import('./start/serve.ts');
  const database = await openDatabase(config, { logger, signal: signals.first });
  let serving: Serving | undefined;
  try {
    const [{ serve }, secrets, version] = await Promise.all([loading, loadSecrets(config), ownVersion()]);
    serving = await serve({
      config,
      args,
      logger,
      databaseUrl: database.url,
      secrets,
      version,
      cwd,
      startedMs,
      print: (text) => void process.stdout.write(text),
    });
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
