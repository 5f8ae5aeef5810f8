import { hostname } from 'node:os';
import { Fault } from '@sealgate/core/faults';
import { openObserver } from '@sealgate/runtime/observe';
import { createMetrics } from '../observe/metrics.ts';
import { startBackgroundWork } from './background-work.ts';
import { createClosers } from './closers.ts';
import { openCoreServices } from './core-services.ts';
import { prepareDatabase } from './database.ts';
import { databaseTrouble } from './readiness.ts';
import type { ServeOptions, Serving } from './serve.ts';

/**
 * An agent over the database: a gateway's background work without its listeners. It is a member of the cache agreement
 * like any gateway, because much of what it does changes what gateways have cached.
 */
export async function work(options: Pick<ServeOptions, 'config' | 'logger' | 'databaseUrl'>): Promise<Serving> {
  const { databaseUrl, logger } = options;
  const passphrase = options.config.tenantSecretPassphrase;
  if (passphrase === undefined) throw new Fault('ConfigInvalid', 'An agent needs TENANT_SECRET_PASSPHRASE.');
  // What says that gateways do none of it does not mean this process, which may be started from the same settings.
  const config = { ...options.config, backgroundWork: true };
  await prepareDatabase(options);
  const closers = createClosers(logger);
  try {
    const metrics = createMetrics();
    const core = await openCoreServices({
      config,
      databaseUrl,
      passphrase,
      logger,
      metrics,
      leads: true,
      alone: false,
      agent: `agent@${hostname()}/${process.pid}`,
    });
    closers.add('database and backends', () => core.close());
    await core.registry.start();
    if (config.agentMetricsPort !== undefined) {
      const observer = await openObserver({
        host: config.host,
        port: config.agentMetricsPort,
        registry: metrics.registry,
        trouble: () => databaseTrouble(core.metadata),
      });
      closers.add('health and metrics', () => observer.close());
      logger.info({ host: config.host, port: observer.port }, 'health and metrics');
    }
    await startBackgroundWork({ core, config, databaseUrl, logger, metrics, closers }, { beside: false });
    logger.info({ backends: core.registry.pool.all().map(({ id }) => id) }, 'agent at work');
    return { stop: (graceMs, forced) => closers.close(graceMs, forced) };
  } catch (error) {
    await closers.close(0, AbortSignal.abort());
    throw error;
  }
}
