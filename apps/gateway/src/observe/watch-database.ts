import type { Clock, Metadata } from '@sealgate/core/ports';
import type { DatabaseStatus } from '@sealgate/metadata';
import type { Metrics } from './metrics.ts';

/** Counting a long queue costs the database something, so it is not done for every scrape. */
const EVERY_MS = 10_000;

/** Keeps the gauges of connections and, when this process leads, of queues current. Returns how to stop it. */
export function watchDatabase(deps: {
  readonly status: DatabaseStatus & Pick<Metadata, 'jobStats'>;
  readonly metrics: Pick<Metrics, 'poolWaits' | 'queueDepth' | 'jobs'>;
  readonly clock: Clock;
  readonly queues: boolean;
}): () => void {
  const { status, metrics, clock } = deps;
  let cancel = (): void => undefined;
  let stopped = false;

  const look = async (): Promise<void> => {
    const { waiting, idle, open } = status.connections();
    metrics.poolWaits(waiting, idle, open);
    if (!deps.queues) return;
    const depths = await status.queueDepths();
    metrics.queueDepth('deletions', depths.deletions);
    metrics.queueDepth('repairs', depths.repairs);
    metrics.queueDepth('repairs-given-up', depths.givenUp);
    metrics.queueDepth('events', depths.events);
    metrics.queueDepth('deliveries', depths.deliveries);
    metrics.queueDepth('dead-letters', depths.deadLetters);
    for (const stats of await status.jobStats()) metrics.jobs(stats);
  };
  const again = (): void => {
    if (stopped) return;
    // A database that is away shows elsewhere; the gauges keep what they last knew.
    void look()
      .catch(() => undefined)
      .then(() => {
        if (!stopped) cancel = clock.schedule(EVERY_MS, again);
      });
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}
