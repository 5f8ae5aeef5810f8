import { type CacheConnector, systemClock } from '@sealgate/core/ports';
import { createMemoryCacheServer } from '@sealgate/testkit/cache-memory';
import { describeMetadata } from '@sealgate/testkit/contracts';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { silentLogger } from '../../logger.ts';
import { openSharedMetadata } from './shared-metadata.ts';
import { testCacheKeys } from './testing/keys.ts';

/** Longer than a busy machine keeps a process from renewing it. */
const LEASE_MS = 10_000;

// Two gateways share the cache: one makes every change, the other one is asked. Who asks must not notice it.
describeMetadata('through two gateways with a shared cache', async () => {
  const database = createMemoryMetadata({ clock: systemClock, deletionGraceMs: 0, pendingGraceMs: 0 });
  const server = createMemoryCacheServer({ clock: systemClock });
  const hits = { count: 0 };
  const open = () => {
    const store = server.connect();
    const connector: CacheConnector = { current: () => store, close: () => Promise.resolve() };
    return openSharedMetadata({
      metadata: database,
      keys: testCacheKeys,
      connector,
      clock: systemClock,
      logger: silentLogger,
      events: {
        lookup: (_kind, outcome) => (hits.count += outcome === 'hit' ? 1 : 0),
        fill: () => undefined,
        changeWaited: () => undefined,
      },
      leaseMs: LEASE_MS,
    });
  };
  const [writer, reader] = [await open(), await open()];
  while (writer.state() !== 'on' || reader.state() !== 'on') await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    metadata: {
      ...writer.metadata,
      credential: (id) => reader.metadata.credential(id),
      bucket: (namespace, name) => reader.metadata.bucket(namespace, name),
      currentVersion: (bucketId, key) => reader.metadata.currentVersion(bucketId, key),
    },
    now: () => systemClock.now(),
    async close() {
      await reader.close();
      await writer.close();
      if (hits.count === 0) throw new Error('the suite never met the cache');
    },
  };
});
