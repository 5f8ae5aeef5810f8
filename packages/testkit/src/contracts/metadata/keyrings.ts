import type { PublishKeyring, Tenant } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

/** A tenant's signed keyrings: one chain, of one root. */
export function describeKeyrings(world: World): void {
  const metadata = () => world.metadata();
  const keyring = (tenant: Tenant, seq: number, changes: Partial<PublishKeyring> = {}): PublishKeyring => ({
    ...{ tenantId: tenant.id, seq, document: `document ${seq}`, digest: `digest-${seq}`, rootKeyId: 'root', keys: 1 },
    previous: seq === 1 ? null : `digest-${seq - 1}`,
    ...changes,
  });
  const publish = (tenant: Tenant, seq: number, changes: Partial<PublishKeyring> = {}) =>
    metadata().publishKeyring(keyring(tenant, seq, changes), actor);

  describe('keyrings', () => {
    it('follow one another without a gap, and are all kept', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      expect(await metadata().newestKeyring(tenant.id)).toBeUndefined();
      for (let seq = 1; seq <= 3; seq += 1) {
        expect(await publish(tenant, seq)).toMatchObject({ seq, document: `document ${seq}`, rootKeyId: 'root' });
      }
      expect(await metadata().newestKeyring(tenant.id)).toMatchObject({ seq: 3, digest: 'digest-3' });
      const numbers = async (after: number, limit: number) =>
        (await metadata().listKeyrings(tenant.id, after, limit)).map(({ seq }) => seq);
      expect([await numbers(0, 2), await numbers(2, 10), await numbers(3, 10)]).toEqual([[1, 2], [3], []]);
      expect(await metadata().newestKeyring(other.id)).toBeUndefined();
    });

    it('are refused out of order, off the chain, or of another root', async () => {
      const tenant = await world.tenant();
      expect(await faultOf(publish(tenant, 2))).toBe('Conflict');
      expect(await faultOf(publish(tenant, 1, { previous: 'something' }))).toBe('Conflict');
      await publish(tenant, 1);
      for (const [seq, changes] of [
        [1, { digest: 'another', document: 'another' }],
        [3, {}],
        [2, { previous: 'digest-0' }],
        [2, { previous: null }],
        [2, { rootKeyId: 'another root' }],
      ] as const) {
        expect(await faultOf(publish(tenant, seq, changes))).toBe('Conflict');
      }
      const nobody = { tenantId: '00000000-0000-7000-8000-000000000000' as Tenant['id'] };
      expect(await faultOf(publish(tenant, 1, nobody))).toBe('NotFound');
    });

    it('may be published again, and of two at once only one becomes the next', async () => {
      const tenant = await world.tenant();
      const first = await publish(tenant, 1);
      expect(await publish(tenant, 1)).toEqual(first);
      const both = await Promise.all(
        ['a', 'b'].map((name) => faultOf(publish(tenant, 2, { digest: name, document: name }))),
      );
      expect(both.sort()).toEqual(['Conflict', 'none']);
    });
  });
}
