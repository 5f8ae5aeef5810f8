import type { Engine } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';

/** How soon a change of facts or a drain is noticed, and how soon it is seen that who did the work has died. */
const LOOK_MS = 1000;
const PACE = { idleMs: LOOK_MS, backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loops that keep blobs where they should be. Every gateway on a database runs them; leases let one of them work, but
 * for removals, which all share.
 * @param deps.holder names this process among them
 */
export function createMaintenanceLoops(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly engine: Pick<Engine, 'reconcileDue' | 'removeDue' | 'rebalanceDue' | 'scrubDue' | 'followAgents'>;
    readonly config: Pick<
      Config,
      | 'deletionConcurrency'
      | 'reconcileIntervalSeconds'
      | 'rehomeAfterSeconds'
      | 'scrubBytesPerSecond'
      | 'scrubIntervalSeconds'
    >;
    readonly holder: string;
  },
): readonly BackgroundLoop[] {
  const { engine, config, holder, ...shared } = deps;
  const intervalMs = config.reconcileIntervalSeconds * 1000;
  const rehomeAfterMs = config.rehomeAfterSeconds * 1000;
  const scrub = { intervalMs: config.scrubIntervalSeconds * 1000, bytesPerSecond: config.scrubBytesPerSecond };
  const loops = [
    createLoop({
      ...shared,
      name: 'placements',
      concurrency: 1,
      pace: PACE,
      run: ({ signal }) => engine.reconcileDue({ holder, intervalMs, rehomeAfterMs, signal }),
    }),
    createLoop({
      ...shared,
      name: 'agent-health',
      concurrency: 1,
      pace: PACE,
      run: () => engine.followAgents(),
    }),
    createLoop({
      ...shared,
      name: 'removals',
      concurrency: config.deletionConcurrency,
      run: (options) => engine.removeDue(options),
    }),
    createLoop({
      ...shared,
      name: 'rebalance',
      concurrency: 1,
      pace: PACE,
      // Always at the pace of an idle loop: what moves must not crowd out what is to be repaired.
      run: ({ signal }) => engine.rebalanceDue({ holder, signal }).then(() => 0),
    }),
  ];
  if (config.scrubBytesPerSecond === 0) return loops;
  const run = ({ signal }: { readonly signal: AbortSignal }) => engine.scrubDue({ holder, ...scrub, signal });
  return [...loops, createLoop({ ...shared, name: 'scrub', concurrency: 1, pace: PACE, run })];
}
