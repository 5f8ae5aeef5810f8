import type { BackendId } from '@sealgate/core/names';
import type { Backend, BackendDriver, BackendState, Clock } from '@sealgate/core/ports';
import type { ManagedPool } from './pool.ts';

/** Unhealthy and recovering backends are asked so much more often, so that they are back soon after they are back. */
const HURRY = 5;
/** Share of the interval by which pings scatter, so that many gateways do not ask at once. */
const JITTER = 0.2;

/** Pings every backend that it follows, each at its own pace and never twice at a time. */
export interface Pinger {
  /** Follow exactly these from now on. */
  follow(backends: readonly Backend[]): void;
  close(): void;
}

export interface PingerDeps {
  readonly clock: Clock;
  readonly pool: Pick<ManagedPool, 'driver' | 'observe' | 'view'>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly onPinged: (id: BackendId) => void;
  /** 0 to 1; for tests. */
  readonly random?: () => number;
}

export function createPinger(deps: PingerDeps): Pinger {
  const { clock, pool, intervalMs, timeoutMs, random = Math.random } = deps;
  const followed = new Map<BackendId, Followed>();

  const pingAgain = (id: BackendId, one: Followed, delayMs: number): void => {
    one.cancelTimer = clock.schedule(delayMs, () => {
      void ping(id, one.stop.signal).then(() => {
        if (!one.stop.signal.aborted) pingAgain(id, one, nextDelay(pool.view(id)?.backend.state));
      });
    });
  };
  const nextDelay = (state: BackendState | undefined): number => {
    const base = state === 'unhealthy' || state === 'recovering' ? intervalMs / HURRY : intervalMs;
    return base * (1 + (random() * 2 - 1) * JITTER);
  };
  const ping = async (id: BackendId, signal: AbortSignal): Promise<void> => {
    const driver = pool.driver(id);
    if (driver === undefined) return;
    const sample = await pingOnce(driver, { clock, timeoutMs, signal });
    if (signal.aborted) return;
    pool.observe(id, sample.ok ? { kind: 'good', latencyMs: sample.latencyMs } : { kind: 'bad' });
    deps.onPinged(id);
  };

  const unfollow = (id: BackendId, one: Followed): void => {
    one.stop.abort();
    one.cancelTimer();
    followed.delete(id);
  };

  return {
    follow(backends) {
      const wanted = new Set(backends.map(({ id }) => id));
      for (const [id, one] of followed) if (!wanted.has(id)) unfollow(id, one);
      for (const id of wanted) {
        if (followed.has(id)) continue;
        const one: Followed = { stop: new AbortController(), cancelTimer: () => undefined };
        followed.set(id, one);
        // The first ping comes at once: until then nothing is known but what the database remembers.
        pingAgain(id, one, 0);
      }
    },
    close() {
      for (const [id, one] of followed) unfollow(id, one);
    },
  };
}

interface Followed {
  readonly stop: AbortController;
  cancelTimer: () => void;
}

/** One ping within a time. Whatever a driver does, this resolves. */
async function pingOnce(
  driver: BackendDriver,
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<{ readonly ok: boolean; readonly latencyMs: number }> {
  const late = new AbortController();
  const cancel = options.clock.schedule(options.timeoutMs, () => late.abort());
  const gaveUp = new Promise<{ ok: boolean; latencyMs: number }>((resolve) => {
    late.signal.addEventListener('abort', () => resolve({ ok: false, latencyMs: options.timeoutMs }), { once: true });
  });
  const answer = driver
    .ping({ signal: AbortSignal.any([options.signal, late.signal]) })
    .catch(() => ({ ok: false, latencyMs: options.timeoutMs }));
  try {
    return await Promise.race([answer, gaveUp]);
  } finally {
    cancel();
  }
}
