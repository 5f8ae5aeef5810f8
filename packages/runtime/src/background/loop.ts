import { toFault } from '@sealgate/core/faults';
import { type Clock, pause } from '@sealgate/core/ports';
import type { Logger } from '../log/logger.ts';

/** Takes batches off a queue for as long as it runs. */
export interface BackgroundLoop {
  start(): void;
  /** Takes no further batch; batches under way may finish until `graceMs`, then they are aborted. */
  stop(graceMs: number): Promise<void>;
  status(): LoopStatus;
}

/** What a loop of this process did; times in milliseconds since 1970, null before the first time. */
export interface LoopStatus {
  readonly name: string;
  /** Batches under way now. */
  readonly running: number;
  /** Batches that ended well, and items that they took, since the process began. */
  readonly rounds: number;
  readonly items: number;
  readonly lastEndedMs: number | null;
  /** The last batch that took something. */
  readonly lastWorkedMs: number | null;
  /** The newest failure: the code of its fault. `failures`: how many there were in a row; 0 when the newest batch went well. */
  readonly lastError: { readonly code: string; readonly atMs: number } | null;
  readonly failures: number;
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
  /** Until the queue is looked at again after a round that was not full. */
  readonly idleMs: number;
  /** Items of a full round, 1 unless given: what a smaller one left came in meanwhile, and can wait. */
  readonly fullRound?: number;
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
  const record = createRecord(name, clock);

  const lane = async (index: number): Promise<void> => {
    let failures = 0;
    while (!stopped()) {
      let waitMs = 0;
      try {
        const taken = await record.round(() => run({ signal: aborted.signal }));
        if (failures > 0) logger.info({ loop: name, failures }, 'background work goes on');
        failures = 0;
        metrics.background(name, taken, true);
        // The first lane watches an empty queue; the others look less often and join when there is much to do.
        if (taken < (pace.fullRound ?? 1)) waitMs = pace.idleMs * (index + 1);
      } catch (error) {
        if (stopped()) return;
        waitMs = Math.min(pace.backoffMs * 2 ** failures, pace.backoffMaxMs);
        // An outage is one event, however many rounds it lasts.
        const level = failures === 0 ? 'warn' : 'debug';
        failures += 1;
        metrics.background(name, 0, false);
        logger[level]({ err: error, loop: name, waitMs }, 'a round of background work failed');
      }
      if (waitMs > 0) await pause(clock, waitMs, stopping.signal);
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
    status: record.status,
  };
}

function createRecord(name: string, clock: Pick<Clock, 'now'>) {
  let state: LoopStatus = {
    ...{ name, running: 0, rounds: 0, items: 0, failures: 0 },
    ...{ lastEndedMs: null, lastWorkedMs: null, lastError: null },
  };
  return {
    async round(run: () => Promise<number>): Promise<number> {
      state = { ...state, running: state.running + 1 };
      try {
        const taken = await run();
        const atMs = clock.now();
        const worked = taken > 0 ? { items: state.items + taken, lastWorkedMs: atMs } : {};
        state = { ...state, ...worked, rounds: state.rounds + 1, lastEndedMs: atMs, failures: 0 };
        return taken;
      } catch (error) {
        const atMs = clock.now();
        const lastError = { code: toFault(error).code, atMs };
        state = { ...state, lastEndedMs: atMs, lastError, failures: state.failures + 1 };
        throw error;
      } finally {
        state = { ...state, running: state.running - 1 };
      }
    },
    status: () => state,
  };
}
