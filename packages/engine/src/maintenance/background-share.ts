import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream';
import { BACKGROUND_BYTES_PER_SECOND_MIN } from '@sealgate/core/limits';
import type { BackendId } from '@sealgate/core/names';
import type {
  Backend,
  BackendDriver,
  BackendPool,
  BackgroundLimits,
  Clock,
  GetBlobOptions,
  PutBlob,
} from '@sealgate/core/ports';
import { alone, isLimited, limitsOfPart, type PartOf } from './background-fleet.ts';
import { createPacer, type Pacer } from './pacer.ts';

/**
 * What background work of one process may take of each backend: its part of the backend's own figures of this moment. Traffic of
 * clients does not pass here.
 *
 * Bytes are held back where they flow: in the bodies that the drivers of `pool` send and receive. How many blobs are
 * worked on at once is decided before work begins, for all backends of a blob together: whoever works waits for nothing
 * that another one holds, so no two can wait for each other, and no patience of a reader runs out while it waits.
 */
export interface BackgroundShare {
  /** The same backends. Those with a figure tell nothing of speed or delay to the pool: it is we who made them slow. */
  readonly pool: BackendPool;
  /** Some of these have a figure: work with them is slow on purpose, and asking another one too would only cost more. */
  held(backends: Iterable<BackendId>): boolean;
  /** Runs once all of these have a place for it. @throws whatever `run` does; the signal's reason while it waits */
  admit<T>(backends: Iterable<BackendId>, signal: AbortSignal, run: () => Promise<T>): Promise<T>;
  /** As much work waits for this backend as it may have at once: taking more only keeps it from other processes. */
  busy(backend: BackendId): boolean;
}

export function createBackgroundShare(deps: {
  readonly pool: BackendPool;
  readonly clock: Clock;
  /** Default: this process is the only one. */
  readonly part?: PartOf;
}): BackgroundShare {
  const { part = alone } = deps;
  const whole = createLimitsOf(deps.pool);
  const limits: LimitsOf = (id) => {
    const figures = whole(id);
    return figures && limitsOfPart(figures, part(id));
  };
  const places = createPlaces((id) => placesOf(limits(id)));
  const drivers = createPacedDrivers(deps.clock, limits);
  const { pool } = deps;
  const isHeld = (id: BackendId): boolean => limits(id) !== undefined;
  return {
    pool: {
      all: () => pool.all(),
      driver: (id) => drivers(id, pool.driver(id)),
      writable: () => pool.writable(),
      full: () => pool.full(),
      readOrder: (ids) => pool.readOrder(ids),
      latencyMs: (id) => pool.latencyMs(id),
      report(id, outcome) {
        if (outcome.kind === 'failed' || !isHeld(id)) pool.report(id, outcome);
      },
    },
    held: (backends) => [...backends].some(isHeld),
    admit: (backends, signal, run) => places.admit(new Set([...backends].filter(isHeld)), signal, run),
    busy: (id) => isHeld(id) && places.waiting(id) >= placesOf(limits(id)),
  };
}

type LimitsOf = (id: BackendId) => BackgroundLimits | undefined;

/** The figures of backends that have some. The pool gives the same list while nothing changed. */
function createLimitsOf(pool: BackendPool): LimitsOf {
  let seen: readonly Backend[] = [];
  let limits: ReadonlyMap<BackendId, BackgroundLimits> = new Map();
  return (id) => {
    const all = pool.all();
    if (all !== seen) {
      seen = all;
      limits = new Map(all.flatMap(({ id, background }) => (isLimited(background) ? [[id, background] as const] : [])));
    }
    return limits.get(id);
  };
}

/** Each transfer at once gets its least share of the bandwidth, so that none looks like one that has stalled. */
function placesOf(limits: BackgroundLimits | undefined): number {
  const { concurrency, bytesPerSecond } = limits ?? {};
  const byBandwidth = bytesPerSecond ? Math.floor(bytesPerSecond / BACKGROUND_BYTES_PER_SECOND_MIN) : undefined;
  return Math.max(1, Math.min(concurrency ?? Number.POSITIVE_INFINITY, byBandwidth ?? Number.POSITIVE_INFINITY));
}

interface Waiting {
  readonly needs: ReadonlySet<BackendId>;
  readonly start: () => void;
}

/**
 * Places of all backends that a piece of work needs, taken at once or not at all, in the order of asking: a place that an
 * earlier one still waits for is kept for it.
 */
function createPlaces(placesAt: (id: BackendId) => number) {
  const taken = new Map<BackendId, number>();
  let waiting: readonly Waiting[] = [];

  const startThoseThatCan = (): void => {
    const kept = new Set<BackendId>();
    const still: Waiting[] = [];
    const starting: Waiting[] = [];
    for (const one of waiting) {
      const needs = [...one.needs];
      const free = needs.every((id) => !kept.has(id) && (taken.get(id) ?? 0) < placesAt(id));
      if (free) {
        for (const id of needs) taken.set(id, (taken.get(id) ?? 0) + 1);
        starting.push(one);
      } else {
        for (const id of needs) kept.add(id);
        still.push(one);
      }
    }
    waiting = still;
    for (const { start } of starting) start();
  };
  const leave = (needs: ReadonlySet<BackendId>): void => {
    for (const id of needs) {
      const left = (taken.get(id) ?? 0) - 1;
      if (left > 0) taken.set(id, left);
      else taken.delete(id);
    }
    startThoseThatCan();
  };
  const enter = async (needs: ReadonlySet<BackendId>, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const one: Waiting = { needs, start: () => resolve(undefined) };
    const onAbort = (): void => {
      if (!waiting.includes(one)) return;
      waiting = waiting.filter((other) => other !== one);
      reject(signal.reason as Error);
      startThoseThatCan();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    waiting = [...waiting, one];
    startThoseThatCan();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };

  return {
    async admit<T>(needs: ReadonlySet<BackendId>, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
      if (needs.size === 0) return await run();
      await enter(needs, signal);
      try {
        return await run();
      } finally {
        leave(needs);
      }
    },
    waiting: (id: BackendId) => waiting.filter(({ needs }) => needs.has(id)).length,
  };
}

/** Drivers whose bodies keep to the figure that their backend has at the moment. One without a figure is as it was. */
function createPacedDrivers(clock: Clock, limits: LimitsOf) {
  const paced = new WeakMap<BackendDriver, BackendDriver>();
  const pacers = new Map<BackendId, Pacer>();
  const spender = (id: BackendId): Spend => {
    const pacer = pacers.get(id) ?? createPacer(clock);
    pacers.set(id, pacer);
    return async (bytes, signal) => {
      const rate = limits(id)?.bytesPerSecond;
      if (rate) await pacer.spend(bytes, rate, signal);
    };
  };
  return (id: BackendId, driver: BackendDriver | undefined): BackendDriver | undefined => {
    if (driver === undefined || !limits(id)?.bytesPerSecond) return driver;
    const known = paced.get(driver) ?? pace(driver, spender(id));
    paced.set(driver, known);
    return known;
  };
}

type Spend = (bytes: number, signal: AbortSignal) => Promise<void>;

function pace(driver: BackendDriver, spend: Spend): BackendDriver {
  const through = (body: Readable, signal: AbortSignal): Readable => {
    const out = new Transform({
      transform(chunk: Buffer, _encoding, done: TransformCallback) {
        spend(chunk.length, signal).then(() => done(null, chunk), done);
      },
    });
    // Errors of either end destroy the other; who reads hears of them from `out`.
    pipeline(body, out, () => undefined);
    out.on('error', () => undefined);
    return out;
  };
  return {
    ensureBucket: (bucket, options) => driver.ensureBucket(bucket, options),
    removeBucket: (bucket, options) => driver.removeBucket(bucket, options),
    async put(bucket, key, blob: PutBlob) {
      if (blob.body instanceof Readable) {
        return await driver.put(bucket, key, { ...blob, body: through(blob.body, blob.signal) });
      }
      await spend(blob.body.length, blob.signal);
      return await driver.put(bucket, key, blob);
    },
    async get(bucket, key, options: GetBlobOptions) {
      const opened = await driver.get(bucket, key, options);
      return { ...opened, body: through(opened.body, options.signal) };
    },
    head: (bucket, key, options) => driver.head(bucket, key, options),
    ...(driver.retain === undefined ? {} : { retain: driver.retain.bind(driver) }),
    ...(driver.retention === undefined ? {} : { retention: driver.retention.bind(driver) }),
    ...(driver.hasObjectLock === undefined ? {} : { hasObjectLock: driver.hasObjectLock.bind(driver) }),
    delete: (bucket, key, options) => driver.delete(bucket, key, options),
    list: (bucket, options) => driver.list(bucket, options),
    ping: (options) => driver.ping(options),
    close: () => driver.close(),
  };
}
