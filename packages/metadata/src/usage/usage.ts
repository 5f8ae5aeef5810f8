import { Fault } from '@sealgate/core/faults';
import type { MetadataUsage, UsageMetric } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

const letters = { stored: 's', placed: 'p', requests: 'q', in: 'i', out: 'o' } as const satisfies Record<
  UsageMetric,
  string
>;
const metrics = new Map(Object.entries(letters).map(([name, letter]) => [letter as string, name as UsageMetric]));

interface UsageColumns {
  readonly tenant: string;
  readonly part: string | null;
  readonly metric: string;
  readonly amount: string;
}

export function createUsage({ database, terms }: Context): MetadataUsage {
  return {
    async appendUsage(events) {
      if (events.length === 0) return;
      const idOf = async (name: string | null) => (name === null ? null : await terms.idOf('class', name));
      const classes = await Promise.all(events.map(({ redundancyClass }) => idOf(redundancyClass)));
      await database.write('append-usage', [
        events.map(({ atMs }) => new Date(Math.floor(atMs / HOUR_MS) * HOUR_MS).toISOString()),
        events.map(({ tenantId }) => tenantId),
        events.map(({ bucketId }) => bucketId),
        classes,
        events.map(({ metric }) => letters[metric]),
        events.map(({ amount }) => amount),
      ]);
    },

    async foldUsage(limit) {
      const [events] = await database.write<{ folded: number }>('fold-usage-events', [limit]);
      const [log] = await database.write<{ folded: number }>('fold-usage-log', [limit]);
      return (events?.folded ?? 0) + (log?.folded ?? 0);
    },

    async samplePlaced() {
      await database.write('sample-stored', []);
    },

    async usage({ fromMs, untilMs, tenantId, by, limit }) {
      const span = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()];
      const rows = await database.read<UsageColumns>('usage', [...span, tenantId ?? null, by, limit]);
      return rows.map(({ tenant, part, metric, amount }) => ({
        tenant,
        part,
        metric: metrics.get(metric) ?? unknownMetric(metric),
        amount: Number(amount),
      }));
    },

    async tenantStored(tenantId) {
      const [row] = await database.read<{ bytes: string; versions: string }>('tenant-stored', [tenantId]);
      return { bytes: Number(row?.bytes ?? 0), versions: Number(row?.versions ?? 0) };
    },
  };
}

const HOUR_MS = 60 * 60_000;

function unknownMetric(letter: string): never {
  throw new Fault('InternalError', `Usage has the unknown metric ${letter}.`);
}
