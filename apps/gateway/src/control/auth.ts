import { createHash, timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { Secret } from '@sealgate/runtime/log';
import { LRUCache } from 'lru-cache';
import { AUTH_ADDRESSES_MAX, AUTH_FAILURES_MAX, AUTH_WINDOW_MS } from './limits.ts';

/** Decides whether a caller is the operator. */
export interface AdminGate {
  /**
   * @param key what `X-Admin-Key` said
   * @throws Fault NotAuthenticated; TooManyRequests for an address that guessed too often
   */
  admit(key: string | undefined, address: string): void;
}

interface Failures {
  readonly count: number;
  readonly untilMs: number;
}

export function createAdminGate(deps: {
  readonly adminKey: Secret;
  readonly clock: Clock;
  readonly onFailure: (reason: 'missing' | 'wrong' | 'locked') => void;
}): AdminGate {
  const { clock, onFailure } = deps;
  const wanted = digest(deps.adminKey.reveal());
  const failures = new LRUCache<string, Failures>({ max: AUTH_ADDRESSES_MAX });

  return {
    admit(key, address) {
      const now = clock.monotonic();
      const known = failures.get(address);
      const current = known !== undefined && known.untilMs > now ? known : { count: 0, untilMs: now + AUTH_WINDOW_MS };
      if (current.count >= AUTH_FAILURES_MAX) {
        onFailure('locked');
        throw tooMany(current.untilMs - now);
      }
      if (key === undefined) {
        // No guess was made, so nothing is counted against the address.
        onFailure('missing');
        throw new Fault('NotAuthenticated', 'Send the operator key in the X-Admin-Key header.');
      }
      if (timingSafeEqual(digest(key), wanted)) return;
      failures.set(address, { count: current.count + 1, untilMs: current.untilMs });
      onFailure('wrong');
      throw new Fault('NotAuthenticated', 'The operator key in X-Admin-Key is not right.');
    },
  };
}

/** Equal lengths, so that comparing tells nothing about the key's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

function tooMany(waitMs: number): Fault {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Fault('TooManyRequests', `Too many wrong keys from this address. Try again in ${seconds} s.`, {
    detail: { retryAfterSeconds: seconds },
  });
}
