import { toFault } from '@sealgate/core/faults';
import type { BackendDriver, OpenedBlob } from '@sealgate/core/ports';
import type { Prng } from '../prng.ts';

/**
 * One life of a gateway process. Everything it does to the outside goes through `guard`: after its end no answer
 * reaches it any more, so its promises hang for ever and what it wanted to do next never happens.
 */
export interface SimulatedProcess {
  readonly alive: boolean;
  /** Aborts with the process. */
  readonly signal: AbortSignal;
  end(): void;
  /**
   * Ends the process at its call of this number from now (1: the next): just before it is made, or when it has taken
   * effect and its answer was about to arrive. So a process dies between any two steps of what it does. Gives what calls
   * that off.
   */
  endAtCall(at: { readonly number: number; readonly side: 'before' | 'after' }, ended: () => void): () => void;
  /** The call is made only while the process lives; its answer arrives only then too. */
  readonly guard: <T>(call: () => Promise<T>) => Promise<T>;
}

export function createSimulatedProcess(): SimulatedProcess {
  const stop = new AbortController();
  const end = (): void => stop.abort(new Error('The process ended.'));
  let calls = 0;
  let last: { readonly call: number; readonly side: 'before' | 'after'; readonly ended: () => void } | undefined;
  const endIfLast = (call: number, side: 'before' | 'after'): void => {
    if (last?.call !== call || last.side !== side || stop.signal.aborted) return;
    end();
    last.ended();
  };
  return {
    get alive() {
      return !stop.signal.aborted;
    },
    signal: stop.signal,
    end,
    endAtCall({ number, side }, ended) {
      last = { call: calls + number, side, ended };
      return () => {
        last = undefined;
      };
    },
    guard: <T>(call: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        calls += 1;
        const own = calls;
        endIfLast(own, 'before');
        if (stop.signal.aborted) return;
        call().then(
          (value) => {
            endIfLast(own, 'after');
            if (!stop.signal.aborted) resolve(value);
          },
          (error: unknown) => {
            endIfLast(own, 'after');
            if (!stop.signal.aborted) reject(toFault(error));
          },
        );
      }),
  };
}

/**
 * A backend as one process sees it. When the process ends, a put under way is either cut off or has all its bytes on
 * the way already and lands; everything else just goes unanswered.
 */
export function driverOfProcess(driver: BackendDriver, life: SimulatedProcess, prng: Prng): BackendDriver {
  const { guard } = life;
  return {
    ensureBucket: (bucket, o) => guard(() => driver.ensureBucket(bucket, o)),
    removeBucket: (bucket, o) => guard(() => driver.removeBucket(bucket, o)),
    put(bucket, key, blob) {
      const lands = prng.chance(0.5);
      const signal = lands ? blob.signal : AbortSignal.any([blob.signal, life.signal]);
      return guard(() => driver.put(bucket, key, { ...blob, signal }));
    },
    get: (bucket, key, o) => guard<OpenedBlob>(() => driver.get(bucket, key, o)),
    head: (bucket, key, o) => guard(() => driver.head(bucket, key, o)),
    delete: (bucket, key, o) => guard(() => driver.delete(bucket, key, o)),
    list: (bucket, o) => guard(() => driver.list(bucket, o)),
    ping: (o) => guard(() => driver.ping(o)),
    close: () => guard(() => driver.close()),
  };
}
