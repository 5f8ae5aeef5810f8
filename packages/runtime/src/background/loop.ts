import type { Clock } from '@sealgate/core/ports';
import type { Logger } from '../log/logger.ts';

/** Takes batches off a queue for as long as it runs. */
export interface BackgroundLoop {
  start(): void;
  /** Takes no further batch; batches under way may finish until `graceMs`, then they are aborted. */
  stop(graceMs: number): Promise<void>;
}

export interface LoopMetrics {
  /** A round ended: how many items it took, and whether it failed as a whole. */
  background(loop: string, taken: number, ok: boolean): void;
}

export interface LoopDeps {
  readonly name: string;
  /** One batch; how many items it took. Must end soon after the signal aborts. */
  readonly run: (options: { readonly signal: AbortSignal }) => Promise<number>;
  /** Batches under way at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LoopMetrics;
  readonly pace?: LoopPace;
}

interface LoopPace {
  /** Until an empty queue is looked at again. */
  readonly idleMs: number;
  /** After a failed batch; doubles up to the maximum. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

const defaultPace: LoopPace = { idleMs: 1000, backoffMs: 500, backoffMaxMs: 30_000 };

export function createLoop(deps: LoopDeps): BackgroundLoop {
  const { name, run, concurrency, clock, logger, metrics, pace = defaultPace } = deps;
  const stopping = new AbortController();
  const aborted = new AbortController();
  const stopped = (): boolean => stopping.signal.aborted;
  let lanes: readonly Promise<void>[] = [];

  const lane = async (index: number): Promise<void> => {
    let failures = 0;
    while (!stopped()) {
      let waitMs = 0;
      try {
        const taken = await run({ signal: aborted.signal });
        if (failures > 0) logger.info({ loop: name, failures }, 'background work goes on');
        failures = 0;
        metrics.background(name, taken, true);
        // The first lane watches an empty queue; the others look less often and join when there is much to do.
        if (taken === 0) waitMs = pace.idleMs * (index + 1);
      } catch (error) {
        if (stopped()) return;
        waitMs = Math.min(pace.backoffMs * 2 ** failures, pace.backoffMaxMs);
        // An outage is one event, however many rounds it lasts.
        const level = failures === 0 ? 'warn' : 'debug';
        failures += 1;
        metrics.background(name, 0, false);
        logger[level]({ err: error, loop: name, waitMs }, 'a round of background work failed');
      }
      if (waitMs > 0) await wait(clock, waitMs, stopping.signal);
    }
  };

  return {
    start() {
      lanes = Array.from({ length: concurrency }, (_, index) => lane(index));
    },
    async stop(graceMs) {
      stopping.abort();
      const cancel = clock.schedule(graceMs, () => aborted.abort());
      await Promise.all(lanes);
      cancel();
    },
  };
}

function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(ms, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
