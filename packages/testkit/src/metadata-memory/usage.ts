import type { MetadataUsage, UsageEvent } from '@sealgate/core/ports';
import type { MemoryState } from './state.ts';

const HOUR_MS = 60 * 60_000;

/** Traffic as the database has it. What is stored is counted when it is asked for: byte-hours are the database's own. */
export function createUsage(state: MemoryState): MetadataUsage {
  const appended: UsageEvent[] = [];
  const hours: UsageEvent[] = [];
  return {
    async appendUsage(events) {
      appended.push(...events.map((event) => ({ ...event, atMs: Math.floor(event.atMs / HOUR_MS) * HOUR_MS })));
    },
    async foldUsage(limit) {
      const taken = appended.splice(0, limit);
      hours.push(...taken);
      return taken.length;
    },
    async samplePlaced() {},
    async usage({ fromMs, untilMs, tenantId, by, limit }) {
      const sums = new Map<
        string,
        { tenant: string; part: string | null; metric: UsageEvent['metric']; amount: number }
      >();
      for (const event of hours) {
        if (event.atMs < fromMs || event.atMs >= untilMs) continue;
        if (tenantId !== undefined && event.tenantId !== tenantId) continue;
        const tenant = state.tenants.get(event.tenantId)?.name ?? '';
        const bucket = event.bucketId === null ? undefined : state.buckets.get(event.bucketId)?.record.name;
        const part = by === 'bucket' ? (bucket ?? null) : by === 'class' ? event.redundancyClass : null;
        const name = JSON.stringify([tenant, part, event.metric]);
        const sum = sums.get(name) ?? { tenant, part, metric: event.metric, amount: 0 };
        sums.set(name, { ...sum, amount: sum.amount + event.amount });
      }
      return [...sums.entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, row]) => row);
    },
    async tenantStored(tenantId) {
      let [bytes, versions] = [0, 0];
      for (const { record, deleted, versions: keys } of state.buckets.values()) {
        if (deleted || record.tenantId !== tenantId) continue;
        for (const history of keys.values()) {
          for (const { version } of history) {
            bytes += version.bytes;
            if (!version.deleteMarker) versions += 1;
          }
        }
      }
      for (const { record, parts } of state.uploads.values()) {
        if (record.state !== 'open' || state.buckets.get(record.bucketId)?.record.tenantId !== tenantId) continue;
        for (const part of parts.values()) bytes += part.record.bytes;
      }
      return { bytes, versions };
    },
  };
}
