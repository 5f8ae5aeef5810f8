import type { Metadata } from '@sealgate/core/ports';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';

/** Jobs end with the work at their copies; this finds those whose work ended some other way. */
const SETTLED_AT_ONCE = 100;
/** What ended is told for so long. */
const KEPT_MS = 30 * 24 * 60 * 60_000;
const PURGED_AT_ONCE = 1000;
const PACE = { idleMs: 30_000, backoffMs: 1000, backoffMaxMs: 60_000 };

/** The loop that ends asked-for jobs which are over, and forgets old ones. */
export function createJobLoop(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly metadata: Pick<Metadata, 'settleJobs' | 'purgeJobs'>;
  },
): BackgroundLoop {
  const { metadata, ...shared } = deps;
  return createLoop({
    ...shared,
    name: 'jobs',
    concurrency: 1,
    run: async () => (await metadata.settleJobs(SETTLED_AT_ONCE)) + (await metadata.purgeJobs(KEPT_MS, PURGED_AT_ONCE)),
    pace: PACE,
  });
}
