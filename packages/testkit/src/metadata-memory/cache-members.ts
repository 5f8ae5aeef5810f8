import type { CacheView, MetadataCacheMembers } from '@sealgate/core/ports';
import type { MemoryState } from './state.ts';

/** Each call takes effect at once, so that nothing has to be ordered. */
export function createCacheMembers({ cache }: MemoryState): MetadataCacheMembers {
  const view = (): CacheView => ({ epoch: cache.epoch, space: cache.space, members: [...cache.members.values()] });
  return {
    async joinCache({ id, leaseMs }) {
      cache.members.set(id, { id, leaseMs, seen: cache.epoch, drained: cache.epoch, beat: 0n, reach: null });
      return view();
    },
    async renewCacheMember(renewal) {
      const known = cache.members.get(renewal.id);
      if (known === undefined) return undefined;
      cache.members.set(renewal.id, { ...known, ...renewal, beat: known.beat + 1n });
      return view();
    },
    async changeCacheSpace(from, space) {
      if (cache.epoch !== from) return false;
      cache.epoch += 1n;
      cache.space = space;
      return true;
    },
    async expelCacheMember(id, beat) {
      return cache.members.get(id)?.beat === beat && cache.members.delete(id);
    },
    async leaveCache(id) {
      cache.members.delete(id);
    },
  };
}
