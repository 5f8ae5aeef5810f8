import { Fault } from '@sealgate/core/faults';
import type { MetadataUsage, UsageMetric } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

// As stored: never change a letter.
const letters = {
  stored: 's',
  placed: 'p',
  requests: 'q',
  in: 'i',
  out: 'o',
  puts: 'P',
  gets: 'G',
  lists: 'L',
  deletes: 'D',
  sent: 'S',
  received: 'R',
} as const satisfies Record<UsageMetric, string>;
const metrics = new Map(Object.entries(letters).map(([name, letter]) => [letter as string, name as UsageMetric]));

interface UsageColumns {
  readonly tenant: string | null;
  readonly part: string | null;
  readonly metric: string;
  readonly amount: string;
}

export function createUsage({ database, terms, backends }: Context): MetadataUsage {
  const classesOf = (events: readonly { readonly redundancyClass: string | null }[]) =>
    Promise.all(
      events.map(async ({ redundancyClass }) =>
        redundancyClass === null ? null : await terms.idOf('class', redundancyClass),
      ),
    );
  return {
    async appendUsage(events) {
      if (events.length === 0) return;
      await database.write('append-usage', [
        events.map(hourOf),
        events.map(({ tenantId }) => tenantId),
        events.map(({ bucketId }) => bucketId),
        await classesOf(events),
        events.map(({ metric }) => letters[metric]),
        events.map(({ amount }) => amount),
      ]);
    },

    async appendBackendUsage(events) {
      if (events.length === 0) return;
      await database.write('append-backend-usage', [
        events.map(hourOf),
        await Promise.all(events.map(({ backend }) => backends.numberOf(backend))),
        events.map(({ bucket }) => bucket),
        await classesOf(events),
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

    async usage({ fromMs, untilMs, tenantId, by, backend, redundancyClass, together = false, limit }) {
      const span = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()];
      const only = [tenantId ?? null, by, backend ?? null, redundancyClass ?? null];
      const rows = await database.read<UsageColumns>('usage', [...span, ...only, together, limit]);
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
const hourOf = ({ atMs }: { readonly atMs: number }): string =>
  new Date(Math.floor(atMs / HOUR_MS) * HOUR_MS).toISOString();

function unknownMetric(letter: string): never {
  throw new Fault('InternalError', `Usage has the unknown metric ${letter}.`);
}
