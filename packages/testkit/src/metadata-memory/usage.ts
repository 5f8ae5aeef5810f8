import type { TenantId } from '@sealgate/core/names';
import type { BackendUsageEvent, MetadataUsage, UsageMetric, UsageRow } from '@sealgate/core/ports';
import { fail, type MemoryState } from './state.ts';

const HOUR_MS = 60 * 60_000;

interface Event {
  readonly atMs: number;
  readonly tenantId: TenantId | null;
  readonly bucketId: number | null;
  readonly backend: string | null;
  readonly redundancyClass: string | null;
  readonly metric: UsageMetric;
  readonly amount: number;
}

/** Traffic as the database has it. What is stored is counted when it is asked for: byte-hours are the database's own. */
export function createUsage(state: MemoryState): MetadataUsage {
  const appended: Event[] = [];
  const hours: Event[] = [];
  const append = (event: Event) => void appended.push({ ...event, atMs: Math.floor(event.atMs / HOUR_MS) * HOUR_MS });
  return {
    async appendUsage(events) {
      for (const event of events) append({ ...event, backend: null });
    },
    async appendBackendUsage(events) {
      for (const event of events) if (!state.backends.has(event.backend)) fail('NoSuchBackend');
      for (const event of events) append({ ...event, ...ownerOf(state, event) });
    },
    async foldUsage(limit) {
      const taken = appended.splice(0, limit);
      hours.push(...taken);
      return taken.length;
    },
    async samplePlaced() {},
    async usage({ fromMs, untilMs, tenantId, by, backend, redundancyClass, together = false, limit }) {
      const sums = new Map<string, UsageRow>();
      for (const event of hours) {
        if (event.atMs < fromMs || event.atMs >= untilMs) continue;
        if (tenantId !== undefined && event.tenantId !== tenantId) continue;
        if (backend !== undefined && event.backend !== backend) continue;
        if (redundancyClass !== undefined && event.redundancyClass !== redundancyClass) continue;
        const tenant = together || event.tenantId === null ? null : (state.tenants.get(event.tenantId)?.name ?? '');
        const part = partOf(state, event, by);
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

function partOf(state: MemoryState, event: Event, by: 'tenant' | 'bucket' | 'class' | 'backend'): string | null {
  if (by === 'tenant') return null;
  if (by === 'class') return event.redundancyClass;
  if (by === 'backend') return event.backend;
  return event.bucketId === null ? null : (state.buckets.get(event.bucketId)?.record.name ?? null);
}

function ownerOf(
  state: MemoryState,
  { backend, bucket }: Pick<BackendUsageEvent, 'backend' | 'bucket'>,
): Pick<Event, 'tenantId' | 'bucketId'> {
  const owners = [...state.buckets.values()].filter(({ physical }) => physical.get(backend) === bucket);
  const newest = owners.toSorted((a, b) => b.record.id - a.record.id)[0]?.record;
  return newest === undefined ? { tenantId: null, bucketId: null } : { tenantId: newest.tenantId, bucketId: newest.id };
}
