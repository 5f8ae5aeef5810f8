import { Fault } from '@sealgate/core/faults';
import type { Clock, Tenant } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';

/** Tenants whose rate is watched at one time; a tenant that is forgotten begins with a full bucket. */
const TENANTS_MAX = 10_000;

/**
 * A token bucket for each tenant that has a rate: it fills at the rate and holds one second's worth. Each process has its
 * own, so a tenant has its rate of each.
 */
export interface RequestRate {
  /** @throws Fault SlowDown */
  take(tenant: Pick<Tenant, 'id' | 'quotas'>): void;
}

export function createRequestRate(deps: { readonly clock: Pick<Clock, 'monotonic'> }): RequestRate {
  const buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: TENANTS_MAX });
  return {
    take({ id, quotas: { requestsPerSecond: rate } }) {
      if (rate === null) return;
      const nowMs = deps.clock.monotonic();
      const known = buckets.get(id) ?? { tokens: rate, atMs: nowMs };
      const tokens = Math.min(rate, known.tokens + ((nowMs - known.atMs) / 1000) * rate);
      if (tokens < 1) throw new Fault('SlowDown', 'Please reduce your request rate.', { rule: 'tenant.rate' });
      buckets.set(id, { tokens: tokens - 1, atMs: nowMs });
    },
  };
}
