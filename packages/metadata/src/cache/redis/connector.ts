import type { CacheConnector, CacheStore, Clock } from '@sealgate/core/ports';
import type { MetadataLogger } from '../../logger.ts';
import { RECONNECT_FINE_AFTER_MS, RECONNECT_MAX_MS, RECONNECT_MS } from '../limits.ts';
import type { RedisAddress } from './address.ts';
import { openRedisStore, type RedisStore } from './redis-store.ts';
import { connectTopology } from './topology.ts';

export interface RedisConnectorDeps {
  readonly address: RedisAddress;
  /** PEM certificates that the servers' must come from. */
  readonly ca?: string;
  readonly clock: Clock;
  readonly logger: MetadataLogger;
}

/** Keeps a connection to Redis or Valkey: connected, or trying again after a pause that grows with quick ends. */
export function createRedisConnector(deps: RedisConnectorDeps): CacheConnector {
  const { address, clock, logger } = deps;
  let store: RedisStore | undefined;
  let stopped = false;
  const isStopped = (): boolean => stopped;
  let wake = (): void => undefined;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.schedule(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  /** How long the connection lived; 0 when there was none. */
  const connectOnce = async (said: boolean): Promise<number> => {
    try {
      store = await openRedisStore(await connectTopology(address, deps));
    } catch (error) {
      if (!said) logger.warn({ err: error }, 'the shared cache cannot be reached');
      return 0;
    }
    const sinceMs = clock.monotonic();
    logger.info({ incarnation: store.incarnation }, 'connected to the shared cache');
    await store.closed;
    store.destroy();
    store = undefined;
    if (!isStopped()) logger.warn({}, 'lost the shared cache');
    return clock.monotonic() - sinceMs;
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!isStopped()) {
      const livedMs = await connectOnce(failures > 0);
      failures = livedMs >= RECONNECT_FINE_AFTER_MS ? 0 : failures + 1;
      if (!isStopped()) await pause(Math.min(RECONNECT_MS * 2 ** Math.min(failures, 16), RECONNECT_MAX_MS));
    }
  };
  const running = run();

  return {
    current: (): CacheStore | undefined => store,
    async close() {
      stopped = true;
      wake();
      store?.destroy();
      await running;
    },
  };
}
