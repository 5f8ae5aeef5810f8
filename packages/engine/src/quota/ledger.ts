import { Fault } from '@sealgate/core/faults';
import type { Clock, MetadataUsage, Tenant } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import { QUOTA_ACCOUNTS_MAX, QUOTA_FRESH_MS } from './limits.ts';

/** What a write adds to what its tenant has. */
export interface Wanted {
  readonly bytes: number;
  readonly objects: number;
}

/** Tells that a reserved write ended: `kept` when it is stored now. */
export type Settle = (kept: boolean) => void;

/**
 * Keeps tenants within what they may have. A write is counted from before its first byte is read, so that those of this
 * process cannot add up to more than the quota; what other processes do is seen within QUOTA_FRESH_MS. So a tenant can
 * exceed its bytes by at most what other processes have under way and stored in that time.
 */
export interface QuotaLedger {
  /** @throws Fault QuotaExceeded */
  reserve(tenant: Pick<Tenant, 'id' | 'quotas'>, wanted: Wanted): Promise<Settle>;
}

interface Reservation extends Wanted {
  /** When it was stored, on the monotonic clock; undefined while it is under way. */
  storedAtMs?: number;
}

interface Account {
  base: { readonly bytes: number; readonly versions: number } | undefined;
  /** When the question was asked that `base` answers. */
  baseAtMs: number;
  asking: Promise<void> | undefined;
  readonly reservations: Set<Reservation>;
}

export function createQuotaLedger(deps: {
  readonly metadata: Pick<MetadataUsage, 'tenantStored'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}): QuotaLedger {
  const { metadata, clock } = deps;
  const accounts = new LRUCache<string, Account>({ max: QUOTA_ACCOUNTS_MAX });

  function accountOf(id: string): Account {
    const known = accounts.get(id);
    if (known !== undefined) return known;
    const account: Account = { base: undefined, baseAtMs: 0, asking: undefined, reservations: new Set() };
    accounts.set(id, account);
    return account;
  }

  async function ask(tenant: Pick<Tenant, 'id'>, account: Account): Promise<void> {
    const askedAtMs = clock.monotonic();
    account.base = await metadata.tenantStored(tenant.id);
    account.baseAtMs = askedAtMs;
    // What was stored before the question is in its answer.
    for (const reservation of account.reservations) {
      const { storedAtMs } = reservation;
      if (storedAtMs !== undefined && storedAtMs < askedAtMs) account.reservations.delete(reservation);
    }
  }

  /** Has an answer to a question that was asked at `sinceMs` or later. One is under way at a time. */
  async function refresh(tenant: Pick<Tenant, 'id'>, account: Account, sinceMs: number): Promise<void> {
    while (account.base === undefined || account.baseAtMs < sinceMs) {
      account.asking ??= ask(tenant, account).finally(() => {
        account.asking = undefined;
      });
      await account.asking;
    }
  }

  return {
    async reserve(tenant, wanted) {
      const { bytes, objects } = tenant.quotas;
      if (bytes === null && objects === null) return NOTHING;
      const account = accountOf(tenant.id);
      const beganMs = clock.monotonic();
      await refresh(tenant, account, beganMs - QUOTA_FRESH_MS);
      // What was deleted before this write began counts, and so does what failed.
      if (!fits(tenant, account, wanted)) await refresh(tenant, account, beganMs);
      if (!fits(tenant, account, wanted)) throw exceeded(tenant, account, wanted);
      const reservation: Reservation = { ...wanted };
      account.reservations.add(reservation);
      return (kept) => {
        if (kept) reservation.storedAtMs = clock.monotonic();
        else account.reservations.delete(reservation);
      };
    },
  };
}

const NOTHING: Settle = () => undefined;

function held({ base, reservations }: Account): Wanted {
  let [bytes, objects] = [base?.bytes ?? 0, base?.versions ?? 0];
  for (const reservation of reservations) {
    bytes += reservation.bytes;
    objects += reservation.objects;
  }
  return { bytes, objects };
}

function fits({ quotas }: Pick<Tenant, 'quotas'>, account: Account, wanted: Wanted): boolean {
  const { bytes, objects } = held(account);
  return (
    (quotas.bytes === null || wanted.bytes === 0 || bytes + wanted.bytes <= quotas.bytes) &&
    (quotas.objects === null || wanted.objects === 0 || objects + wanted.objects <= quotas.objects)
  );
}

function exceeded({ quotas }: Pick<Tenant, 'quotas'>, account: Account, wanted: Wanted): Fault {
  const { bytes } = held(account);
  const what =
    quotas.bytes !== null && bytes + wanted.bytes > quotas.bytes
      ? `${quotas.bytes} bytes`
      : `${quotas.objects} objects`;
  return new Fault('QuotaExceeded', `The tenant may have ${what}, and the request would exceed that.`, {
    rule: 'tenant.quota',
  });
}
