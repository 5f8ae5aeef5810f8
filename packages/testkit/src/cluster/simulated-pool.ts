import {
  defaultHealthThresholds,
  newHealthRecord,
  observe,
  readRank,
  sampleOfFault,
  takesWrites,
} from '@sealgate/core/health';
import type { BackendId } from '@sealgate/core/names';
import type { Backend, BackendDriver, BackendOutcome, BackendPool, Clock } from '@sealgate/core/ports';

export interface SimulatedPool extends BackendPool {
  /** Asks every backend that takes no writes how it is, as the health pinger of a gateway does. */
  probe(signal: AbortSignal): Promise<void>;
}

/** The pool of one process: health from outcomes and probes by the rules of core, nothing shared with other processes. */
export function createSimulatedPool(
  members: readonly { readonly backend: Backend; readonly driver: BackendDriver }[],
  options: {
    readonly clock: Clock;
    /** The rows of the database, which a probe looks at too. */
    readonly rows: () => readonly Backend[];
  },
): SimulatedPool {
  const { clock } = options;
  const drivers = new Map(members.map(({ backend, driver }) => [backend.id, driver]));
  const records = new Map(members.map(({ backend }) => [backend.id, newHealthRecord(backend.state)]));
  let [writable, writableKey] = [new Set<BackendId>(), ''];

  const note = (id: BackendId, sample: Parameters<typeof observe>[1] | undefined): void => {
    const record = records.get(id);
    if (record !== undefined && sample !== undefined) {
      records.set(id, observe(record, sample, defaultHealthThresholds));
    }
  };
  const mayWrite = (id: BackendId): boolean => {
    const record = records.get(id);
    const told = rows.find((row) => row.id === id)?.state;
    if (told === 'draining' || told === 'retired') return false;
    return record !== undefined && takesWrites(record.state) && record.fullUntilMs <= clock.monotonic();
  };
  const sampleOf = (outcome: BackendOutcome) => {
    if (outcome.kind === 'detached') return { kind: 'slow' as const };
    if (outcome.kind === 'failed') return sampleOfFault(outcome.code, clock.monotonic());
    return { kind: 'good' as const, latencyMs: outcome.latencyMs };
  };
  let rows = options.rows();
  /** An operator's word is that of the database; how a backend is, this process found out. */
  const shown = (row: Backend): Backend =>
    row.state === 'draining' ? row : { ...row, state: records.get(row.id)?.state ?? row.state };

  return {
    all: () => rows.filter(({ state }) => state !== 'retired').map(shown),
    driver: (id) => (rows.find((row) => row.id === id)?.state === 'retired' ? undefined : drivers.get(id)),
    writable() {
      const ids = rows.map((b) => b.id).filter(mayWrite);
      const key = ids.join();
      if (key !== writableKey) [writable, writableKey] = [new Set(ids), key];
      return writable;
    },
    full: () =>
      new Set([...records].filter(([, { fullUntilMs }]) => fullUntilMs > clock.monotonic()).map(([id]) => id)),
    readOrder(ids) {
      const rank = (id: BackendId): number => {
        const record = records.get(id);
        return (record === undefined ? 9 : readRank[record.state]) * 1e9 + (record?.latencyMs ?? 0);
      };
      return [...ids].filter((id) => drivers.has(id)).sort((a, b) => rank(a) - rank(b));
    },
    latencyMs: (id) => records.get(id)?.latencyMs,
    report: (id, outcome) => note(id, sampleOf(outcome)),
    async probe(signal) {
      rows = options.rows();
      await Promise.all(
        [...drivers].map(async ([id, driver]) => {
          const state = records.get(id)?.state;
          if (state === 'healthy') return;
          const { ok, latencyMs } = await driver.ping({ signal });
          note(id, ok ? { kind: 'good', latencyMs } : { kind: 'bad' });
        }),
      );
    },
  };
}
