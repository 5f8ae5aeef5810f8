import { readFile } from 'node:fs/promises';
import { Fault } from '@sealgate/core/faults';
import { type CacheConnector, type Metadata, systemClock } from '@sealgate/core/ports';
import { type CacheKeys, openSharedMetadata, type SharedMetadata } from '@sealgate/metadata/cache';
import type { Logger } from '@sealgate/runtime/log';
import type { Config } from '../config.ts';
import type { Metrics } from '../observe/metrics.ts';

export interface SharedCacheDeps {
  readonly config: Config;
  readonly keys: CacheKeys;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The metadata as one of several processes uses it. @throws Fault ConfigInvalid, DatabaseUnavailable */
export async function openShared(metadata: Metadata, deps: SharedCacheDeps): Promise<SharedMetadata> {
  const { config, keys, logger, metrics } = deps;
  const clock = systemClock;
  const connector = await connectRedis(deps);
  try {
    const shared = await openSharedMetadata({
      metadata,
      keys,
      connector,
      clock,
      logger,
      events: metrics.cacheEvents,
      leaseMs: config.cacheLeaseMs,
    });
    metrics.watchCache(() => shared.state());
    return shared;
  } catch (error) {
    await connector?.close();
    throw error;
  }
}

async function connectRedis({ config, logger }: SharedCacheDeps): Promise<CacheConnector | undefined> {
  if (config.redisUrl === undefined) return undefined;
  // Loaded only where there is one.
  const { createRedisConnector, parseRedisUrl } = await import('@sealgate/metadata/redis');
  const address = parseRedisUrl(config.redisUrl.reveal());
  const ca = config.redisCa === undefined ? {} : { ca: await readCertificates(config.redisCa) };
  return createRedisConnector({ address, ...ca, clock: systemClock, logger });
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('ConfigInvalid', `SEALGATE_REDIS_CA: the file "${path}" cannot be read.`, { cause: error });
  }
}
