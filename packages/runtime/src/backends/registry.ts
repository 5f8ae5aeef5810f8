import type { BackendId } from '@sealgate/core/names';
import type {
  AuditActor,
  Backend,
  BackendDriver,
  BackendPool,
  BackendState,
  BackgroundLimits,
  Clock,
  Metadata,
} from '@sealgate/core/ports';
import type { Logger } from '../log/logger.ts';
import { createPinger } from './pinger.ts';
import { type BackendView, createBackendPool } from './pool.ts';

/** A backend that another gateway added is used here within this time. */
const REFRESH_MS = 1000;

/**
 * The registry keeps the pool in step with the database, pings what is in it and, in the process that does background
 * work, writes changes of health back.
 *
 * Who writes: an operator's words (draining, retired) only ever flow from the database to the pool. Every other state
 * flows from the pool to the database, once per change, so that two gateways of different opinion do not argue there.
 */
export interface BackendRegistry {
  readonly pool: BackendPool;
  view(id: BackendId): BackendView | undefined;
  views(): readonly BackendView[];
  /** Reads the database now; what was just registered is in the pool afterwards. */
  refresh(): Promise<void>;
  /** Reads the backends once, then goes on by itself. */
  start(): Promise<void>;
  /** Ends pings and refreshes, then closes the drivers. */
  close(): Promise<void>;
}

export interface BackendMetrics {
  backend(
    id: BackendId,
    facts: Pick<BackendView, 'latencyMs' | 'availability' | 'bytesPerSecond'> & { readonly state: BackendState },
  ): void;
  backendCall(id: BackendId, operation: string, outcome: string): void;
  forgetBackend(id: BackendId): void;
}

export interface RegistryDeps {
  readonly metadata: Pick<Metadata, 'listBackends' | 'setBackendState' | 'hurryRepairs'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: BackendMetrics;
  readonly createDriver: (backend: Backend) => BackendDriver | undefined;
  /** Write changes of health to the database. */
  readonly recordsHealth: boolean;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** 0 to 1: scatters pings in time. */
  readonly random?: () => number;
}

/** A process's own experience never overwrites an operator's word: these are the states that it may change. */
const EXPERIENCED: readonly BackendState[] = ['healthy', 'degraded', 'unhealthy', 'recovering'];

const ACTOR: AuditActor = { kind: 'system', id: 'backend-health', requestId: '-' };

export function createBackendRegistry(deps: RegistryDeps): BackendRegistry {
  const { metadata, clock, logger, metrics } = deps;
  const closed = new AbortController();
  const unsaved = new Map<BackendId, { readonly state: BackendState; readonly reason: string }>();
  let refreshing: Promise<void> | undefined;
  /** Drivers that were given up end when their last call does, which may be a client that reads slowly. */
  const ending = new Set<Promise<void>>();
  let cancelTimer = (): void => undefined;

  const pool = createBackendPool({
    clock,
    createDriver: deps.createDriver,
    onCall: (id, operation, outcome) => metrics.backendCall(id, operation, outcome),
    onChange(backend, from) {
      logger.warn({ backend: backend.id, from, to: backend.state }, 'backend changed its state');
      show(backend.id);
      if (!deps.recordsHealth) return;
      unsaved.set(backend.id, { state: backend.state, reason: `${from} -> ${backend.state}, seen by this gateway` });
      void saveStates();
    },
  });
  const show = (id: BackendId): void => {
    const view = pool.view(id);
    if (view === undefined) metrics.forgetBackend(id);
    else metrics.backend(id, { ...view, state: view.backend.state });
  };
  const pinger = createPinger({
    clock,
    pool,
    intervalMs: deps.pingIntervalMs,
    timeoutMs: deps.pingTimeoutMs,
    onPinged: show,
    ...(deps.random === undefined ? {} : { random: deps.random }),
  });

  let saving: Promise<void> | undefined;
  /** One after the other, what comes meanwhile last: two under way could reach the database in the other order. */
  const saveStates = (): Promise<void> => {
    saving ??= saveAll().finally(() => {
      saving = undefined;
    });
    return saving;
  };
  const saveAll = async (): Promise<void> => {
    for (const [id, { state, reason }] of unsaved) {
      unsaved.delete(id);
      try {
        await metadata.setBackendState(id, { from: EXPERIENCED, to: state, reason }, ACTOR);
        // It is back: what is owed to it need not wait for the queue's patience.
        if (state === 'healthy') await metadata.hurryRepairs(id);
      } catch (error) {
        // A newer change may have come meanwhile; it is the one to keep.
        if (!unsaved.has(id)) unsaved.set(id, { state, reason });
        logger.debug({ err: error, backend: id }, 'the state of a backend could not be written yet');
        return;
      }
    }
  };

  const readOnce = async (): Promise<void> => {
    const before = new Map(pool.all().map((backend) => [backend.id, backend]));
    const backends = await metadata.listBackends();
    if (closed.signal.aborted) return;
    const closing = pool.replace(backends);
    pinger.follow(pool.all());
    for (const backend of pool.all()) {
      tellLimits(logger, before.get(backend.id), backend);
      before.delete(backend.id);
    }
    for (const id of before.keys()) show(id);
    const end = closeAll(closing, logger).finally(() => ending.delete(end));
    ending.add(end);
    if (unsaved.size > 0) await saveStates();
  };
  const refresh = (): Promise<void> => {
    refreshing ??= readOnce().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };
  const scheduleNext = (): void => {
    if (closed.signal.aborted) return;
    cancelTimer = clock.schedule(REFRESH_MS, () => {
      void refresh()
        .catch((error: unknown) => logger.debug({ err: error }, 'the list of backends could not be read'))
        .then(scheduleNext);
    });
  };

  return {
    pool,
    view: (id) => pool.view(id),
    views: () => pool.all().flatMap(({ id }) => pool.view(id) ?? []),
    async refresh() {
      // One under way may have read before the caller's change.
      await refreshing?.catch(() => undefined);
      await refresh();
    },
    async start() {
      await refresh();
      scheduleNext();
    },
    async close() {
      closed.abort();
      cancelTimer();
      pinger.close();
      await refreshing?.catch(() => undefined);
      await Promise.all([closeAll(pool.replace([]), logger), ...ending]);
    },
  };
}

/** Whoever waits for an operator's word to reach this process reads it here. */
function tellLimits(logger: Logger, before: Backend | undefined, { id, background }: Backend): void {
  const facts = ({ bytesPerSecond = null, concurrency = null }: BackgroundLimits = {}) => ({
    bytesPerSecond,
    concurrency,
  });
  const now = facts(background);
  if (JSON.stringify(facts(before?.background)) === JSON.stringify(now)) return;
  logger.info({ backend: id, ...now }, 'limits of background work changed');
}

async function closeAll(drivers: readonly BackendDriver[], logger: Logger): Promise<void> {
  for (const result of await Promise.allSettled(drivers.map((driver) => driver.close()))) {
    if (result.status === 'rejected') logger.warn({ err: result.reason as unknown }, 'a driver did not close cleanly');
  }
}
