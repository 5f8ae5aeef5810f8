import { Fault } from '@sealgate/core/faults';
import type { CacheConnector, CacheStore, Clock } from '@sealgate/core/ports';
import type { MemoryCacheServer } from './memory-cache.ts';

type Random = (below: number) => number;

/** A way from one process to one server. Calls take their time, and may be lost on either half of it. */
export interface Link {
  /** Nothing passes until then. */
  cutUntilMs: number;
  call<T>(run: () => Promise<T>): Promise<T>;
}

/** Most calls are quick, some are not: so that whatever can overtake does. */
export function createLink(deps: {
  readonly clock: Clock;
  readonly random: Random;
  /** When the server takes requests: it may stand still. */
  readonly servingFromMs: () => number;
}): Link {
  const { clock, random } = deps;
  const delay = (): number => (random(8) === 0 ? random(400) : 1 + random(10));
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.schedule(ms, resolve));
  const never = new Promise<never>(() => undefined);
  const link: Link = {
    cutUntilMs: 0,
    async call(run) {
      await wait(delay());
      if (clock.monotonic() < link.cutUntilMs) return await never;
      await wait(Math.max(0, deps.servingFromMs() - clock.monotonic()));
      const answer = await run().then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error;
        },
      );
      await wait(delay());
      if (clock.monotonic() < link.cutUntilMs) return await never;
      return answer();
    },
  };
  return link;
}

const RECONNECT_MS = 100;
const STALL_MS = 1_000;
const DATABASE_STALL_MS = 3_000;

/** As the connector to Redis does: a call that fails or is late ends the connection, and another one is tried. */
export function createSimulatedConnector(deps: {
  readonly clock: Clock;
  readonly link: Link;
  /** Where a new connection leads to. */
  readonly server: () => MemoryCacheServer;
}): CacheConnector {
  const { clock, link } = deps;
  let store: CacheStore | undefined;
  let stopped = false;

  const connect = async (): Promise<void> => {
    try {
      const opened = deps.server().connect();
      await within(
        clock,
        STALL_MS,
        link.call(() => opened.keep('')),
      );
      store = overLink(opened);
    } catch {
      retry();
    }
  };
  const retry = (): void => {
    if (!stopped) clock.schedule(RECONNECT_MS, () => void connect());
  };
  const overLink = (server: CacheStore): CacheStore => {
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      store = undefined;
      retry();
    };
    const call = async <T>(run: () => Promise<T>): Promise<T> => {
      if (over) throw new Error('the connection is over');
      try {
        return await within(clock, STALL_MS, link.call(run));
      } catch (error) {
        end();
        throw error;
      }
    };
    return {
      incarnation: server.incarnation,
      prepare: (keyspace) => call(() => server.prepare(keyspace)),
      keep: (keyspace) => call(() => server.keep(keyspace)),
      lookup: (place, token) => call(() => server.lookup(place, token)),
      fill: (place, token, value) => call(() => server.fill(place, token, value)),
      mark: (place, changer) => call(() => server.mark(place, changer)),
      unmark: (place, changer) => call(() => server.unmark(place, changer)),
    };
  };
  void connect();
  return {
    current: () => store,
    close() {
      stopped = true;
      return Promise.resolve();
    },
  };
}

/** A call to the database over a link: late or lost, it is not known whether it took effect. */
export function callDatabase<T>(clock: Clock, link: Link, run: () => Promise<T>): Promise<T> {
  return within(clock, DATABASE_STALL_MS, link.call(run)).catch((error: unknown) => {
    throw error instanceof Fault ? error : new Fault('DatabaseUnavailable', 'The database does not answer.');
  });
}

function within<T>(clock: Clock, waitMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(waitMs, () => reject(new Error('late')));
    promise.then(resolve, reject).finally(cancel);
  });
}
