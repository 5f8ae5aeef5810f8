import type { Engine } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';

/** How often an idle process asks whether a run is due, or whether who did the work has died. */
const LOOKS_PER_INTERVAL = 10;
const LOOK_MS_MAX = 60_000;
/** Against whoever verified a copy just before it was removed: a repair job may take an hour. */
const TOMBSTONES_KEPT_MS = 2 * 60 * 60_000;
const BACKOFF = { backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loops that look for what lies on backends and belongs to nobody, and remove it. Every gateway on a database runs
 * them; a lease for each backend lets one of them walk it.
 * @param deps.holder names this process among them
 */
export function createSweepLoops(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly engine: Pick<Engine, 'sweepDue' | 'removeStrays' | 'vacuumDue'>;
    readonly config: Pick<
      Config,
      | 'sweepIntervalSeconds'
      | 'vacuumIntervalSeconds'
      | 'probeHistorySeconds'
      | 'deletedBucketSeconds'
      | 'usageHistorySeconds'
      | 'snapshotHistorySeconds'
    >;
    readonly holder: string;
  },
): readonly BackgroundLoop[] {
  const { engine, config, holder, ...shared } = deps;
  const intervalMs = config.sweepIntervalSeconds * 1000;
  const vacuumMs = config.vacuumIntervalSeconds * 1000;
  const keepMs = {
    strays: TOMBSTONES_KEPT_MS,
    probes: config.probeHistorySeconds * 1000,
    buckets: config.deletedBucketSeconds * 1000,
    usage: config.usageHistorySeconds * 1000,
    snapshots: config.snapshotHistorySeconds * 1000,
  };
  return [
    createLoop({
      ...shared,
      name: 'orphans',
      concurrency: 1,
      run: ({ signal }) => engine.sweepDue({ holder, intervalMs, signal }),
      pace: { idleMs: Math.min(intervalMs / LOOKS_PER_INTERVAL, LOOK_MS_MAX), ...BACKOFF },
    }),
    createLoop({ ...shared, name: 'strays', concurrency: 1, run: (options) => engine.removeStrays(options) }),
    createLoop({
      ...shared,
      name: 'vacuum',
      concurrency: 1,
      run: ({ signal }) => engine.vacuumDue({ holder, intervalMs: vacuumMs, keepMs, signal }),
      pace: { idleMs: Math.min(vacuumMs / LOOKS_PER_INTERVAL, LOOK_MS_MAX), ...BACKOFF },
    }),
  ];
}
