import { ATTEMPTS_MAX, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, RETRY_AFTER_MAX_MS } from '../limits.ts';

/** How an attempt ended when it did not succeed. */
export type AttemptFailure =
  | { readonly kind: 'network' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | undefined };

export type RetryDecision = { readonly retry: false } | { readonly retry: true; readonly waitMs: number };

const REPEATABLE_STATUS = new Set([429, 500, 502, 503, 504]);

/**
 * Whether a request that may be repeated is repeated, and when. Exponential backoff with full jitter; what the server
 * asks for in `Retry-After` counts when it is more.
 * @param attempt number of the attempt that just failed, from 1
 * @param random a number in [0, 1)
 */
export function decideRetry(failure: AttemptFailure, attempt: number, random: number): RetryDecision {
  if (attempt >= ATTEMPTS_MAX) return { retry: false };
  if (failure.kind === 'status' && !REPEATABLE_STATUS.has(failure.status)) return { retry: false };
  const asked = failure.kind === 'status' ? (failure.retryAfterMs ?? 0) : 0;
  if (asked > RETRY_AFTER_MAX_MS) return { retry: false };
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
  return { retry: true, waitMs: Math.max(asked, Math.floor(random * ceiling)) };
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
