import { describe, expect, expectTypeOf, it } from 'vitest';
import { Fault, type FaultCode, type FaultSpec, faultTable, isFault, retryAfterSeconds, toFault } from './index.ts';

describe('the fault table', () => {
  /** Codes are promises. A row that changes or goes breaks clients; a new one is added here too. */
  it('is pinned', async () => {
    const rows = (Object.entries(faultTable) as [FaultCode, FaultSpec][]).map(
      ([code, { http, retry, s3 }]) => `${code} ${http} ${retry}${s3 === undefined ? '' : ` ${s3}`}`,
    );
    await expect(`${rows.sort().join('\n')}\n`).toMatchFileSnapshot('./vectors/fault-table.txt');
  });

  it.each(Object.entries(faultTable) as [FaultCode, FaultSpec][])('%s is consistent', (code, { http, retry, s3 }) => {
    expect(code).toMatch(/^[A-Z][A-Za-z0-9]+$/);
    expect(s3).not.toBe(code);
    expect(http).toBeGreaterThanOrEqual(300);
    expect(http).toBeLessThan(600);
    // A client that is told to come back must not be told that it was wrong, and the other way round.
    if ([429, 503, 504, 507].includes(http)) expect(retry).toBe('later');
    if (http === 501) expect(retry).toBe('never');
  });

  it('says how long to wait where a client is turned away for now, and nowhere else', () => {
    for (const { http, waitSeconds = 0 } of Object.values<FaultSpec>(faultTable)) {
      expect(waitSeconds > 0).toBe(http === 429 || http === 503);
      // Our own client waits for a minute at most; a person gives up sooner.
      expect(waitSeconds).toBeLessThanOrEqual(10);
    }
  });

  it('knows its codes by type', () => {
    expectTypeOf<'NoSuchKey'>().toExtend<FaultCode>();
    expectTypeOf<'NoSuchThing'>().not.toExtend<FaultCode>();
  });
});

describe('a fault', () => {
  it('carries its row, rule, detail and cause', () => {
    const cause = new Error('the backend said something private');
    const fault = new Fault('NoLegalPlacement', 'No place.', { cause, rule: 'r', detail: { line: 1 } });
    expect(fault).toMatchObject({
      name: 'Fault',
      code: 'NoLegalPlacement',
      message: 'No place.',
      rule: 'r',
      detail: { line: 1 },
    });
    expect(fault.cause).toBe(cause);
    expect(fault.spec).toBe(faultTable.NoLegalPlacement);
    expect(new Fault('NoSuchKey', 'x')).toMatchObject({ rule: undefined, detail: {} });
    expect('cause' in new Fault('NoSuchKey', 'x')).toBe(false);
  });

  it('names the time to wait: its own before that of its row', () => {
    expect(retryAfterSeconds(new Fault('DatabaseUnavailable', 'x'))).toBe(2);
    expect(retryAfterSeconds(new Fault('TooManyRequests', 'x', { detail: { retryAfterSeconds: 40 } }))).toBe(40);
    expect(retryAfterSeconds(new Fault('NoSuchKey', 'x'))).toBeUndefined();
  });

  it('is told from other errors, by code when asked', () => {
    const fault = new Fault('NoSuchKey', 'x');
    expect(isFault(fault)).toBe(true);
    expect(isFault(fault, 'NoSuchBucket', 'NoSuchKey')).toBe(true);
    expect(isFault(fault, 'NoSuchBucket')).toBe(false);
    expect(isFault(new Error('x'))).toBe(false);
    expect(isFault(undefined)).toBe(false);
  });

  it('hides whatever else was thrown behind InternalError', () => {
    const fault = new Fault('NoSuchKey', 'x');
    expect(toFault(fault)).toBe(fault);
    for (const thrown of [new Error('secret host'), 'secret', undefined, null, { secret: true }]) {
      const hidden = toFault(thrown);
      expect(hidden.code).toBe('InternalError');
      expect(hidden.message).not.toContain('secret');
      expect(hidden.cause).toBe(thrown);
    }
  });
});
