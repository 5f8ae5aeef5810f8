import { NO_SETTINGS, type SnapshotBucket, type SnapshotFile, type SnapshotSummary } from '@sealgate/core/discovery';
import type { NewSnapshot, Snapshot, Tenant } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const file = (key: string, changes: Partial<SnapshotFile> = {}): SnapshotFile => ({
  ...{ key, bytes: 10, modifiedAtMs: 1_700_000_000_123, storageClass: 'STANDARD', etag: 'a'.repeat(32) },
  ...changes,
});

const bucket = (name: string, changes: Partial<SnapshotBucket> = {}): SnapshotBucket => ({
  ...NO_SETTINGS,
  ...{ name, createdAtMs: 1_600_000_000_000, trouble: null, truncated: false, files: 2, withheld: 1 },
  ...{ objects: 3, bytes: 30, newestAtMs: 1_700_000_000_000, oldestAtMs: 0 },
  storageClasses: [{ name: 'STANDARD', objects: 3, bytes: 30 }],
  largest: [{ key: 'ключ', bytes: 10 }],
  sizes: [{ upToBytes: null, objects: 3, bytes: 30 }],
  prefixes: [{ prefix: '', objects: 2, bytes: 20 }],
  otherPrefixes: { objects: 1, bytes: 10 },
  ...changes,
});

const summary: SnapshotSummary = {
  source: {
    ...{ endpoint: 'https://s3.example.org', region: 'r-1', addressing: 'path', prefix: 'a/' },
    ...{ provider: 'example', zone: null },
  },
  ...{ buckets: 2, bucketsFound: 3, objects: 3, bytes: 30, files: 2, tookMs: 12 },
  truncated: { buckets: true, files: false, time: false },
};

/** Sanitised looks at somebody's storage: kept whole, bounded, and gone with their tenant. */
export function describeSnapshots(world: World): void {
  const metadata = () => world.metadata();
  const take = (tenant: Pick<Tenant, 'id'>, changes: Partial<NewSnapshot> = {}): Promise<Snapshot> =>
    metadata().createSnapshot({ tenantId: tenant.id, summary, buckets: [], max: 10, ...changes }, actor);
  const idsOf = async (tenant: Tenant, limit = 100, cursor: string | null = null) =>
    (await metadata().listSnapshots({ tenantId: tenant.id, cursor, limit })).items.map(({ id }) => id);

  describe('snapshots', () => {
    it('come back as they were kept', async () => {
      const tenant = await world.tenant();
      const buckets = [
        { bucket: bucket('z-bucket', { trouble: 'elsewhere', truncated: true }), files: [] },
        { bucket: bucket('B_ucket', { defaultRetention: { mode: 'GOVERNANCE', unit: 'days', count: 3 } }), files: [] },
      ];
      const made = await take(tenant, { buckets });
      expect(made).toMatchObject({ tenantId: tenant.id, tenant: tenant.name, summary });
      expect(Math.abs(made.createdAtMs - world.now())).toBeLessThan(60_000);
      expect(await metadata().snapshot(made.id)).toEqual(made);
      expect(await metadata().snapshotBuckets(made.id)).toEqual([buckets[1]?.bucket, buckets[0]?.bucket]);
      for (const unknown of ['00000000-0000-4000-8000-999999999999', 'no id', '']) {
        expect(await metadata().snapshot(unknown)).toBeUndefined();
      }
    });

    it('have files in the order of the bytes of their keys, a page at a time', async () => {
      const tenant = await world.tenant();
      const odd = { etag: null, storageClass: 'GLACIER', bytes: Number.MAX_SAFE_INTEGER, modifiedAtMs: 0 };
      const files = [file('\u{ffff}'), file('a'), file('\u{1f600}', odd), file('B'), file(`"\\\n'`)];
      const { id } = await take(tenant, {
        buckets: [
          { bucket: bucket('one'), files },
          { bucket: bucket('two'), files: [] },
        ],
      });
      const page = (after: string, limit: number, of = 'one') =>
        metadata().snapshotFiles({ id, bucket: of, after, limit });
      const inOrder = [`"\\\n'`, 'B', 'a', '\u{ffff}', '\u{1f600}'];
      expect((await page('', 10)).map(({ key }) => key)).toEqual(inOrder);
      expect((await page('B', 2)).map(({ key }) => key)).toEqual(inOrder.slice(2, 4));
      expect((await page('\u{ffff}', 10))[0]).toEqual(file('\u{1f600}', odd));
      expect((await page('B', 1))[0]).toEqual(file('a'));
      expect([await page('', 10, 'two'), await page('', 10, 'three')]).toEqual([[], []]);
    });

    it('are listed newest first, a page at a time, of one tenant or of all', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      const made: Snapshot[] = [];
      for (const of of [tenant, tenant, other, tenant]) made.push(await take(of));
      const [first, second, foreign, third] = made.map(({ id }) => id);
      expect(await idsOf(tenant)).toEqual([third, second, first]);
      expect(await idsOf(other)).toEqual([foreign]);
      const page = await metadata().listSnapshots({ tenantId: tenant.id, cursor: null, limit: 2 });
      expect(page.items.map(({ id }) => id)).toEqual([third, second]);
      expect(page.next).not.toBeNull();
      const rest = await metadata().listSnapshots({ tenantId: tenant.id, cursor: page.next, limit: 2 });
      expect([rest.items.map(({ id }) => id), rest.next]).toEqual([[first], null]);
      const all = await metadata().listSnapshots({ tenantId: null, cursor: null, limit: 4 });
      expect(all.items.map(({ id }) => id)).toEqual([third, foreign, second, first]);
    });

    it('are as many as a tenant may have, however many are taken at once', async () => {
      const tenant = await world.tenant();
      await take(tenant, { max: 2 });
      const outcomes = await Promise.all([1, 2, 3].map(() => faultOf(take(tenant, { max: 2 }))));
      expect(outcomes.sort()).toEqual(['QuotaExceeded', 'QuotaExceeded', 'none']);
      expect(await faultOf(take(await world.tenant(), { max: 2 }))).toBe('none');
      const nobody = { id: '00000000-0000-7000-8000-000000000000' as Tenant['id'] };
      expect(await faultOf(take(nobody))).toBe('NotFound');
    });

    it('go when they are deleted, once, and make room', async () => {
      const tenant = await world.tenant();
      const [kept, gone] = [
        await take(tenant),
        await take(tenant, { buckets: [{ bucket: bucket('b'), files: [file('k')] }] }),
      ];
      await metadata().deleteSnapshot(gone.id, actor);
      expect(await metadata().snapshot(gone.id)).toBeUndefined();
      expect(await metadata().snapshotBuckets(gone.id)).toEqual([]);
      expect(await metadata().snapshotFiles({ id: gone.id, bucket: 'b', after: '', limit: 1 })).toEqual([]);
      for (const id of [gone.id, 'no id']) expect(await faultOf(metadata().deleteSnapshot(id, actor))).toBe('NotFound');
      expect(await idsOf(tenant)).toEqual([kept.id]);
      expect(await faultOf(take(tenant, { max: 2 }))).toBe('none');
    });

    it('go when they are old', async () => {
      const tenant = await world.tenant();
      const made = [await take(tenant), await take(tenant)];
      const vacuum = (keepMs: number, limit: number) => metadata().vacuum({ kind: 'snapshots', keepMs, limit, actor });
      await vacuum(60 * 60_000, 100);
      expect(await idsOf(tenant)).toEqual(made.map(({ id }) => id).reverse());
      expect(await vacuum(-60_000, 1)).toBe(1);
      expect(await vacuum(-60_000, 1000)).toBeGreaterThan(0);
      expect(await idsOf(tenant)).toEqual([]);
    });

    it('go with their tenant, and none is taken of one that is going', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      const [doomed, kept] = [await take(tenant), await take(other)];
      await metadata().updateTenant(tenant.id, { state: 'suspended' }, actor);
      await metadata().beginErasure({ tenantId: tenant.id, without: [], stored: { bytes: 0, versions: 0 } }, actor);
      expect(await faultOf(take(tenant))).toBe('NotFound');
      const step = { tenantId: tenant.id, to: 'settling', excluded: [], report: '""', detail: {} } as const;
      expect(await metadata().advanceErasure(step, actor)).toBe(true);
      expect(await metadata().snapshot(doomed.id)).toBeUndefined();
      expect(await metadata().snapshot(kept.id)).toEqual(kept);
    });
  });
}
