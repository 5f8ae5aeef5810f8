import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX, BACKOFF_MAX_MS, RETRY_AFTER_MAX_MS } from '../limits.ts';
import { decideRetry, parseRetryAfter } from './retry.ts';

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('decideRetry', () => {
  it.each([429, 500, 502, 503, 504])('repeats after %d', (status) => {
    expect(decideRetry({ kind: 'status', status, retryAfterMs: undefined }, 1, 0.5).retry).toBe(true);
  });

  it.each([301, 400, 403, 404, 409, 412, 416, 501])('never repeats after %d', (status) => {
    expect(decideRetry({ kind: 'status', status, retryAfterMs: undefined }, 1, 0.5)).toEqual({ retry: false });
  });

  it('stops after the last attempt', () => {
    expect(decideRetry({ kind: 'network' }, ATTEMPTS_MAX - 1, 0).retry).toBe(true);
    expect(decideRetry({ kind: 'network' }, ATTEMPTS_MAX, 0).retry).toBe(false);
  });

  it('waits as long as the server asks, but not for ever', () => {
    expect(decideRetry({ kind: 'status', status: 503, retryAfterMs: 3000 }, 1, 0)).toEqual({
      retry: true,
      waitMs: 3000,
    });
    const tooLong = { kind: 'status', status: 503, retryAfterMs: RETRY_AFTER_MAX_MS + 1 } as const;
    expect(decideRetry(tooLong, 1, 0)).toEqual({ retry: false });
  });

  it('keeps every wait within the bounds', () => {
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: ATTEMPTS_MAX - 1 }), (random, attempt) => {
        const decision = decideRetry({ kind: 'network' }, attempt, random);
        expect(decision.retry && decision.waitMs >= 0 && decision.waitMs <= BACKOFF_MAX_MS).toBe(true);
      }),
    );
  });
});

describe('parseRetryAfter', () => {
  it('reads seconds and dates', () => {
    expect(parseRetryAfter('7', 0)).toBe(7000);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000)).toBe(6000);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 40_000)).toBe(0);
  });

  it.each([null, '', 'soon', '-3'])('ignores %j', (value) => {
    const parsed = parseRetryAfter(value, Number.MAX_SAFE_INTEGER);
    expect(parsed === undefined || parsed === 0).toBe(true);
  });
});
