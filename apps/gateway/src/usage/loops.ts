import type { Clock, Metadata } from '@sealgate/core/ports';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';

/** Events, and entries of the log, that one round folds. */
const FOLDED_AT_ONCE = 10_000;
const FOLD_PACE = { fullRound: FOLDED_AT_ONCE, idleMs: 1_000, backoffMs: 1_000, backoffMaxMs: 60_000 };
const SAMPLE_PACE = { idleMs: 60_000, backoffMs: 10_000, backoffMaxMs: 10 * 60_000 };
const SAMPLE_LEASE_MS = 5 * 60_000;
const HOUR_MS = 60 * 60_000;
const SAMPLES = 'usage-samples';

/** Folds usage, and looks once an hour what lies where. */
export function createUsageLoops(
  deps: Pick<LoopDeps, 'logger' | 'metrics'> & {
    readonly metadata: Pick<Metadata, 'foldUsage' | 'samplePlaced' | 'leaseCursor' | 'saveCursor'>;
    readonly clock: Clock;
    readonly holder: string;
  },
): readonly BackgroundLoop[] {
  const { metadata, clock, holder } = deps;
  return [
    createLoop({
      ...deps,
      name: 'usage',
      concurrency: 1,
      run: () => metadata.foldUsage(FOLDED_AT_ONCE),
      pace: FOLD_PACE,
    }),
    createLoop({
      ...deps,
      name: SAMPLES,
      concurrency: 1,
      async run() {
        const lease = await metadata.leaseCursor(SAMPLES, holder, SAMPLE_LEASE_MS);
        if (lease === undefined) return 0;
        const hour = Math.floor(clock.now() / HOUR_MS);
        if (lease.position !== hour) await metadata.samplePlaced();
        await metadata.saveCursor(SAMPLES, holder, { position: hour, leaseMs: 0 });
        return 0;
      },
      pace: SAMPLE_PACE,
    }),
  ];
}
