import { parseObjectKey } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import type { World } from './context.ts';

const HOUR_MS = 60 * 60_000;

export function describeUsage(world: World): void {
  const metadata = () => world.metadata();

  async function fold(): Promise<void> {
    for (let round = 0; round < 1000; round += 1) if ((await metadata().foldUsage(1000)) === 0) return;
  }

  describe('usage', () => {
    it('is appended, folded once into its hour, and asked for by tenant, bucket and class', async () => {
      const tenant = await world.tenant();
      const bucket = await world.bucket('off', { tenantId: tenant.id });
      const event = {
        tenantId: tenant.id,
        bucketId: bucket.id,
        redundancyClass: 'StandardClass',
        atMs: 10 * HOUR_MS + 5,
      };
      await metadata().appendUsage([
        { ...event, metric: 'requests', amount: 2 },
        { ...event, metric: 'in', amount: 100 },
        { ...event, metric: 'in', amount: 50, redundancyClass: null },
        { ...event, metric: 'out', amount: 7, atMs: 11 * HOUR_MS, bucketId: null },
      ]);
      await fold();
      await fold();
      const ask = (by: 'tenant' | 'bucket' | 'class', untilMs = 12 * HOUR_MS) =>
        metadata().usage({ fromMs: 10 * HOUR_MS, untilMs, tenantId: tenant.id, by, limit: 100 });
      const row = (part: string | null, metric: string, amount: number) => ({
        tenant: tenant.name,
        part,
        metric,
        amount,
      });
      const sorted = async (by: 'tenant' | 'bucket' | 'class', untilMs?: number) =>
        (await ask(by, untilMs)).toSorted((a, b) => a.metric.localeCompare(b.metric) || a.amount - b.amount);
      expect(await sorted('tenant')).toEqual([row(null, 'in', 150), row(null, 'out', 7), row(null, 'requests', 2)]);
      expect(await sorted('tenant', 11 * HOUR_MS)).toEqual([row(null, 'in', 150), row(null, 'requests', 2)]);
      expect(await sorted('bucket')).toEqual([
        row(bucket.name, 'in', 150),
        row(null, 'out', 7),
        row(bucket.name, 'requests', 2),
      ]);
      expect((await sorted('class')).slice(0, 2)).toEqual([row(null, 'in', 50), row('StandardClass', 'in', 100)]);
      expect(
        await metadata().usage({ fromMs: 0, untilMs: HOUR_MS, tenantId: tenant.id, by: 'tenant', limit: 100 }),
      ).toEqual([]);
    });

    it('says what a tenant has stored as of the last commit, before and after it was folded', async () => {
      const tenant = await world.tenant();
      const bucket = await world.bucket('enabled', { tenantId: tenant.id });
      const stored = () => metadata().tenantStored(tenant.id);
      expect(await stored()).toEqual({ bytes: 0, versions: 0 });
      const first = await world.put(bucket, 'a');
      await world.put(bucket, 'a');
      await world.put(await world.bucket('off'), 'of another');
      const bytes = (await metadata().currentVersion(bucket.id, parseObjectKey('a')))?.bytes ?? 0;
      expect(bytes).toBeGreaterThan(0);
      expect(await stored()).toEqual({ bytes: 2 * bytes, versions: 2 });
      await fold();
      expect(await stored()).toEqual({ bytes: 2 * bytes, versions: 2 });
      await world.remove(bucket, 'a');
      expect(await stored()).toEqual({ bytes: 2 * bytes, versions: 2 });
      await fold();
      await world.remove(bucket, 'a', first.versionId);
      expect(await stored()).toEqual({ bytes, versions: 1 });
    });
  });
}
