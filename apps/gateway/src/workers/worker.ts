// The entry point of a data-plane process. It is told everything by its primary, and ends when the primary is gone.
import { createLogger, type Logger, Secret } from '@sealgate/runtime/log';
import { loadConfig, processSources } from '../config.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { openCoreServices } from '../start/core-services.ts';
import { openObjectRequests, openS3Listener } from '../start/s3-listener.ts';
import { loadTls } from '../start/tls.ts';
import type { FromWorker, ToWorker } from './messages.ts';

// A terminal's Ctrl-C reaches every process of the group; the primary decides when its workers stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

const metrics = createMetrics();
let stop: (graceMs: number) => Promise<void> = () => Promise.resolve();

process.on('message', (message: ToWorker) => {
  void answer(message).catch((error: unknown) => {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  });
});
tell({ kind: 'up' });

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === 'start') stop = await serve(message, metrics);
  else if (message.kind === 'metrics') {
    tell({ kind: 'metrics', id: message.id, metrics: await metrics.registry.getMetricsAsJSON() });
  } else {
    await stop(message.graceMs);
    process.exit(0);
  }
}

async function serve(start: Extract<ToWorker, { kind: 'start' }>, metrics: Metrics): Promise<typeof stop> {
  const config = loadConfig(processSources(start.args));
  const logger: Logger = await createLogger(config);
  const core = await openCoreServices({
    config,
    databaseUrl: start.databaseUrl,
    passphrase: new Secret(start.passphrase),
    logger,
    metrics,
    leads: false,
    alone: false,
  });
  await core.registry.start();
  const tls = await loadTls(config);
  const options = { config, port: start.s3Port, logger, metrics, tls };
  const objects = openObjectRequests(core, options);
  const { server } = await openS3Listener(core, objects, options);
  tell({ kind: 'listening' });
  return async (graceMs) => {
    await server.close(graceMs);
    await objects.close();
    await core.close();
  };
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
