import { isFault } from '@sealgate/core/faults';
import type { TenantId } from '@sealgate/core/names';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuotaLedger } from './ledger.ts';
import { QUOTA_FRESH_MS } from './limits.ts';

const tenant = (bytes: number | null, objects: number | null = null) => ({
  id: 'acme' as TenantId,
  quotas: { bytes, objects, requestsPerSecond: null },
});

function newLedger() {
  const world = { nowMs: 0, bytes: 0, versions: 0, asked: 0 };
  const ledger = createQuotaLedger({
    metadata: {
      tenantStored() {
        world.asked += 1;
        return Promise.resolve({ bytes: world.bytes, versions: world.versions });
      },
    },
    clock: { monotonic: () => world.nowMs },
  });
  const refused = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => false,
      (error: unknown) => isFault(error, 'QuotaExceeded'),
    );
  return { world, ledger, refused };
}

describe('quotas', () => {
  it('cost tenants without them nothing', async () => {
    const { world, ledger } = newLedger();
    await ledger.reserve(tenant(null), { bytes: 1e12, objects: 1 });
    expect(world.asked).toBe(0);
  });

  it('count what is under way, and what was stored until the database says so', async () => {
    const { world, ledger, refused } = newLedger();
    const first = await ledger.reserve(tenant(100), { bytes: 60, objects: 1 });
    expect(await refused(ledger.reserve(tenant(100), { bytes: 60, objects: 1 }))).toBe(true);
    world.bytes = 60;
    first(true);
    world.nowMs += 1;
    expect(await refused(ledger.reserve(tenant(100), { bytes: 41, objects: 1 }))).toBe(true);
    world.nowMs += QUOTA_FRESH_MS + 1;
    expect(await refused(ledger.reserve(tenant(100), { bytes: 40, objects: 1 }))).toBe(false);
  });

  it('give back at once what failed, and what was deleted meanwhile', async () => {
    const { world, ledger, refused } = newLedger();
    (await ledger.reserve(tenant(100), { bytes: 100, objects: 1 }))(false);
    expect(await refused(ledger.reserve(tenant(100), { bytes: 100, objects: 1 }))).toBe(false);
    const other = newLedger();
    other.world.bytes = 100;
    expect(await other.refused(other.ledger.reserve(tenant(100), { bytes: 1, objects: 1 }))).toBe(true);
    other.world.bytes = 0;
    other.world.nowMs += 150;
    expect(await other.refused(other.ledger.reserve(tenant(100), { bytes: 100, objects: 1 }))).toBe(false);
    expect(world.asked).toBe(1);
  });

  it('bound objects by themselves, and let through what adds none', async () => {
    const { ledger, refused } = newLedger();
    await ledger.reserve(tenant(null, 1), { bytes: 5, objects: 1 });
    expect(await refused(ledger.reserve(tenant(null, 1), { bytes: 5, objects: 1 }))).toBe(true);
    expect(await refused(ledger.reserve(tenant(null, 1), { bytes: 5, objects: 0 }))).toBe(false);
  });

  it('are never exceeded by one process, however its writes overlap and end', async () => {
    const write = fc.record({ bytes: fc.integer({ min: 0, max: 50 }), kept: fc.boolean(), wait: fc.nat(3000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        async (writes, ends) => {
          const { world, ledger } = newLedger();
          const open: { readonly bytes: number; end(): void }[] = [];
          for (const [index, { bytes, kept, wait }] of writes.entries()) {
            world.nowMs += wait;
            const settle = await ledger.reserve(tenant(100), { bytes, objects: 1 }).catch(() => undefined);
            if (settle === undefined) continue;
            const end = () => {
              if (kept) world.bytes += bytes;
              settle(kept);
            };
            open.push({ bytes, end });
            const under = open.reduce((sum, each) => sum + each.bytes, 0);
            expect(world.bytes + under).toBeLessThanOrEqual(100);
            if ((ends[index] ?? 1) % 2 === 0) open.shift()?.end();
          }
        },
      ),
    );
  });
});
