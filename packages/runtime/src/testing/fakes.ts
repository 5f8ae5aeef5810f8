import type { BackendId } from '@sealgate/core/names';
import type { Backend, Clock } from '@sealgate/core/ports';

/** A clock that stands still until a test moves it. */
export function fakeClock(): Clock & { advance(ms: number): void } {
  let now = 1_000_000;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    schedule(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due.sort((x, y) => x.at - y.at)) run();
    },
  };
}

/** Lets everything that is already decided happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function fakeBackend(id: string, facts: Partial<Backend> = {}): Backend {
  return {
    id: id as BackendId,
    num: 1,
    type: 's3',
    endpoint: `https://${id}.example.com`,
    provider: 'demo',
    providerRegion: 'us-east-1',
    region: 'fi-hel',
    country: 'FI',
    jurisdiction: 'EU',
    operatorJurisdiction: 'FI',
    certificates: [],
    sla: null,
    weight: 100,
    addressing: 'path',
    custody: 'gateway',
    credentials: { accessKeyId: 'backend-key', secretAccessKey: 'backend-secret' },
    capabilities: {},
    probedAtMs: null,
    state: 'healthy',
    stateSinceMs: 0,
    createdAtMs: 0,
    ...facts,
  };
}
