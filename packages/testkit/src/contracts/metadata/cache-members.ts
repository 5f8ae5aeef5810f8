import { describe, expect, it } from 'vitest';
import type { World } from './context.ts';

export function describeCacheMembers(world: World): void {
  const metadata = () => world.metadata();
  const space = () => ({ incarnation: world.unused('life'), keyspace: world.unused('space') });

  describe('the agreement about a shared cache', () => {
    it('shows everybody the same space and the members as they said of themselves', async () => {
      const [one, two] = [world.unused('one'), world.unused('two')];
      const { epoch } = await metadata().joinCache({ id: one, leaseMs: 7000 });
      const chosen = space();
      expect(await metadata().changeCacheSpace(epoch, chosen)).toBe(true);
      const joined = await metadata().joinCache({ id: two, leaseMs: 7000 });
      expect(joined).toMatchObject({ epoch: epoch + 1n, space: chosen });
      // Who joins late has never used anything older.
      expect(joined.members.find(({ id }) => id === two)).toEqual({
        id: two,
        seen: epoch + 1n,
        drained: epoch + 1n,
        beat: 0n,
        leaseMs: 7000,
        reach: null,
      });
      const renewed = await metadata().renewCacheMember({ id: one, seen: epoch + 1n, drained: epoch, reach: 'x' });
      expect(renewed?.members.find(({ id }) => id === one)).toEqual({
        id: one,
        seen: epoch + 1n,
        drained: epoch,
        beat: 1n,
        leaseMs: 7000,
        reach: 'x',
      });
      await metadata().leaveCache(one);
      await metadata().leaveCache(two);
    });

    it('lets one of several begin the next epoch', async () => {
      const me = world.unused('me');
      const { epoch } = await metadata().joinCache({ id: me, leaseMs: 7000 });
      const offers = [space(), space(), null];
      const outcomes = await Promise.all(offers.map((offer) => metadata().changeCacheSpace(epoch, offer)));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      const view = await metadata().renewCacheMember({ id: me, seen: epoch, drained: epoch, reach: null });
      expect(view).toMatchObject({ epoch: epoch + 1n, space: offers[outcomes.indexOf(true)] });
      expect(await metadata().changeCacheSpace(epoch, space())).toBe(false);
      await metadata().leaveCache(me);
    });

    it('takes out a silent member, and none that renewed', async () => {
      const me = world.unused('me');
      const { epoch } = await metadata().joinCache({ id: me, leaseMs: 7000 });
      const renewal = { id: me, seen: epoch, drained: epoch, reach: null };
      await metadata().renewCacheMember(renewal);
      expect(await metadata().expelCacheMember(me, 0n)).toBe(false);
      expect(await metadata().expelCacheMember(me, 1n)).toBe(true);
      expect(await metadata().renewCacheMember(renewal)).toBeUndefined();
    });

    it('knows nobody who left', async () => {
      const me = world.unused('me');
      const { epoch } = await metadata().joinCache({ id: me, leaseMs: 7000 });
      await metadata().leaveCache(me);
      expect(await metadata().renewCacheMember({ id: me, seen: epoch, drained: epoch, reach: null })).toBeUndefined();
    });
  });
}
