import type { MetadataSnapshots, Snapshot } from '@sealgate/core/ports';
import { compareKeys, fail, type MemoryState, nextNumber } from './state.ts';

export function createSnapshots(state: MemoryState): MetadataSnapshots {
  const { snapshots } = state;
  /** Newest first: they are made in the order of their times. */
  const newest = (): readonly Snapshot[] => [...snapshots.values()].map(({ snapshot }) => snapshot).reverse();
  return {
    async createSnapshot({ tenantId, summary, buckets, max }) {
      const tenant = state.tenants.get(tenantId);
      if (tenant === undefined || !['active', 'suspended'].includes(tenant.state)) return fail('NotFound');
      if (newest().filter((each) => each.tenantId === tenantId).length >= max) fail('QuotaExceeded');
      const id = `00000000-0000-4000-8000-${String(nextNumber(state)).padStart(12, '0')}`;
      const snapshot = { id, tenantId, tenant: tenant.name, createdAtMs: state.clock.now(), summary };
      const byName = buckets.toSorted((a, b) => compareKeys(a.bucket.name, b.bucket.name));
      const files = byName.map(
        ({ bucket, files: kept }) => [bucket.name, kept.toSorted((a, b) => compareKeys(a.key, b.key))] as const,
      );
      snapshots.set(id, { snapshot, buckets: byName.map(({ bucket }) => bucket), files: new Map(files) });
      return snapshot;
    },
    snapshot: async (id) => snapshots.get(id)?.snapshot,
    async listSnapshots({ tenantId, cursor, limit }) {
      const all = newest().filter((each) => tenantId === null || each.tenantId === tenantId);
      const from = cursor === null ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
      const items = all.slice(from, from + limit);
      return { items, next: from + items.length < all.length ? (items.at(-1)?.id ?? null) : null };
    },
    snapshotBuckets: async (id) => snapshots.get(id)?.buckets ?? [],
    snapshotFiles: async ({ id, bucket, after, limit }) =>
      (snapshots.get(id)?.files.get(bucket) ?? []).filter(({ key }) => compareKeys(key, after) > 0).slice(0, limit),
    async deleteSnapshot(id) {
      if (!snapshots.delete(id)) fail('NotFound');
    },
  };
}

/** Those that were taken before a time, oldest first, as what forgets them. */
export function oldSnapshots({ snapshots }: MemoryState, beforeMs: number): readonly (() => void)[] {
  return [...snapshots.values()]
    .filter(({ snapshot }) => snapshot.createdAtMs < beforeMs)
    .map(
      ({ snapshot }) =>
        () =>
          void snapshots.delete(snapshot.id),
    );
}
