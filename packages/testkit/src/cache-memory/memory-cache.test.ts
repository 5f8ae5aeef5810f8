import { describeCacheStore } from '../contracts/cache-store.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { createMemoryCacheServer } from './memory-cache.ts';

describeCacheStore('in memory', async () => {
  const server = createMemoryCacheServer({ clock: createVirtualClock() });
  return {
    connect: async () => server.connect(),
    flush: async () => server.flush(),
    close: async () => {},
  };
});
