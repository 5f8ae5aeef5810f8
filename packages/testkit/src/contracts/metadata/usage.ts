import { parseObjectKey } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { physicalName, type World } from './context.ts';

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

    it('counts what backends were asked for, for whoever has the physical bucket, else for nobody', async () => {
      const tenant = await world.tenant();
      const bucket = await world.bucket('off', { tenantId: tenant.id });
      const gone = await world.bucket('off', { tenantId: tenant.id });
      const [first, second, third] = await world.backends();
      const call = {
        backend: first.id,
        bucket: physicalName(bucket, first.id),
        redundancyClass: 'StandardClass',
        atMs: 20 * HOUR_MS + 5,
      } as const;
      await metadata().appendBackendUsage([
        { ...call, metric: 'puts', amount: 2 },
        { ...call, metric: 'sent', amount: 100 },
        { ...call, metric: 'sent', amount: 50, redundancyClass: null },
        { ...call, backend: second.id, bucket: physicalName(bucket, second.id), metric: 'received', amount: 9 },
        // A name is one backend's: that of another says nothing here.
        { ...call, backend: second.id, metric: 'deletes', amount: 4 },
        { ...call, backend: third.id, bucket: physicalName(gone, third.id), metric: 'lists', amount: 6 },
        { ...call, bucket: null, metric: 'gets', amount: 7, redundancyClass: null },
      ]);
      await metadata().appendUsage([
        { ...call, tenantId: tenant.id, bucketId: bucket.id, metric: 'requests', amount: 1 },
      ]);
      await fold();
      await fold();
      const ask = async (question: object) => {
        const span = { fromMs: 20 * HOUR_MS, untilMs: 21 * HOUR_MS, limit: 100 } as const;
        const rows = await metadata().usage({ ...span, by: 'backend', ...question });
        return rows.map(({ tenant: name, part, metric, amount }) => [name, part, metric, amount].join(' ')).sort();
      };
      const t = tenant.name;
      expect(await ask({ tenantId: tenant.id })).toEqual(
        [
          `${t} ${first.id} puts 2`,
          `${t} ${first.id} sent 150`,
          `${t} ${second.id} received 9`,
          `${t} ${third.id} lists 6`,
          `${t}  requests 1`,
        ].sort(),
      );
      expect(await ask({ backend: first.id })).toEqual(
        [` ${first.id} gets 7`, `${t} ${first.id} puts 2`, `${t} ${first.id} sent 150`].sort(),
      );
      expect(await ask({ backend: first.id, together: true })).toEqual(
        [` ${first.id} gets 7`, ` ${first.id} puts 2`, ` ${first.id} sent 150`].sort(),
      );
      expect(await ask({ backend: second.id, by: 'tenant' })).toEqual([`  deletes 4`, `${t}  received 9`].sort());
      expect(await ask({ backend: first.id, by: 'bucket', redundancyClass: 'StandardClass' })).toEqual(
        [`${t} ${bucket.name} puts 2`, `${t} ${bucket.name} sent 100`].sort(),
      );
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
