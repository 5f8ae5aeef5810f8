import { daysOf } from '@sealgate/core/lifecycle';
import type { Engine } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';

/** Runs a day when no interval is set: what falls due at midnight is done in the small hours, whenever runs begin. */
const RUNS_PER_DAY = 4;
/** How often an idle process asks whether a run is due, or whether who did the work has died. */
const LOOKS_PER_INTERVAL = 10;
const LOOK_MS_MAX = 60_000;
const BACKOFF = { backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loop that applies lifecycle configurations. Every gateway on a database runs one; a lease lets one of them work.
 * @param deps.holder names this process among them
 */
export function createLifecycleLoop(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly engine: Pick<Engine, 'lifecycleDue'>;
    readonly config: Pick<Config, 'lifecycleDaySeconds' | 'lifecycleIntervalSeconds'>;
    readonly holder: string;
  },
): BackgroundLoop {
  const { engine, config, holder, ...shared } = deps;
  const dayMs = config.lifecycleDaySeconds * 1000;
  const intervalMs =
    config.lifecycleIntervalSeconds === undefined ? dayMs / RUNS_PER_DAY : config.lifecycleIntervalSeconds * 1000;
  const calendar = daysOf(dayMs);
  return createLoop({
    ...shared,
    name: 'lifecycle',
    concurrency: 1,
    run: ({ signal }) => engine.lifecycleDue({ holder, intervalMs, calendar, signal }),
    pace: { idleMs: Math.min(intervalMs / LOOKS_PER_INTERVAL, LOOK_MS_MAX), ...BACKOFF },
  });
}
