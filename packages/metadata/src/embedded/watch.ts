import { setTimeout as sleep } from 'node:timers/promises';
import { RESTART_BACKOFF_MS, RESTART_WINDOW_MS, RESTARTS_MAX, WATCH_EVERY_MS } from './limits.ts';
import type { EmbeddedLogger } from './types.ts';

export interface WatchOptions {
  readonly isAlive: () => boolean;
  /** Starts the server again and returns when it takes connections. */
  readonly restart: (signal: AbortSignal) => Promise<void>;
  readonly poll: () => void;
  readonly logger: EmbeddedLogger;
}

/** @returns ends the watch; when a restart is under way, waits until it has given up. */
export type EndWatch = () => Promise<void>;

/**
 * Looks after a running server: hands on its log, and starts it again when something killed it (the kernel, when memory
 * is short). Polling serves servers that we started and servers that we took over alike.
 */
export function watchServer(options: WatchOptions): EndWatch {
  const { isAlive, restart, poll, logger } = options;
  const stop = new AbortController();
  let restarts: number[] = [];

  const look = async (): Promise<boolean> => {
    poll();
    if (isAlive()) return true;
    const now = performance.now();
    restarts = [...restarts.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (restarts.length > RESTARTS_MAX) {
      logger.error(
        { restarts: RESTARTS_MAX },
        'the embedded database ends again and again; it is not restarted any more',
      );
      return false;
    }
    logger.error({}, 'the embedded database ended unexpectedly; starting it again');
    try {
      await restart(stop.signal);
      logger.info({}, 'the embedded database runs again');
    } catch (error) {
      if (!stop.signal.aborted) logger.error({ err: error }, 'the embedded database could not be started again');
      await sleep(RESTART_BACKOFF_MS * 2 ** restarts.length, undefined, { signal: stop.signal });
    }
    return true;
  };

  const loop = async (): Promise<void> => {
    do await sleep(WATCH_EVERY_MS, undefined, { signal: stop.signal, ref: false });
    while (await look());
  };
  const done = loop().catch((error: unknown) => {
    if (!stop.signal.aborted) logger.error({ err: error }, 'the embedded database is no longer watched');
  });
  return async () => {
    stop.abort();
    await done;
  };
}
