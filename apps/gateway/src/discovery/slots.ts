import { Fault } from '@sealgate/core/faults';
import { LOOKS_MAX, LOOKS_PER_TENANT_MAX } from './limits.ts';

/** Bounds what is under way at once, for each tenant and for all. */
export interface Slots {
  /** @throws Fault TooManyRequests when there is none left */
  run<T>(tenantId: string, work: () => Promise<T>): Promise<T>;
}

export function createSlots(): Slots {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    async run(tenantId, work) {
      const own = taken.get(tenantId) ?? 0;
      if (own >= LOOKS_PER_TENANT_MAX) {
        throw new Fault('TooManyRequests', `${own} snapshots of this tenant are being taken. Wait until one is done.`);
      }
      if (all >= LOOKS_MAX) throw new Fault('TooManyRequests', 'Too many snapshots are being taken. Try again soon.');
      taken.set(tenantId, own + 1);
      all += 1;
      try {
        return await work();
      } finally {
        all -= 1;
        const left = (taken.get(tenantId) ?? 1) - 1;
        if (left === 0) taken.delete(tenantId);
        else taken.set(tenantId, left);
      }
    },
  };
}
