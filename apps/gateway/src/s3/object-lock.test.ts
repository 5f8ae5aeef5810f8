import { type Bucket, type ObjectVersion, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { describe, expect, test } from 'vitest';
import type { S3Context } from './context.ts';
import { lockHeaders, requestedLock, requireDigestUnderLock, retentionFrom } from './object-lock.ts';

const NOW = Date.UTC(2028, 1, 29, 12);
const DAY = 86_400_000;
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

function contextOf(headers: Record<string, string>, kind = 'signed'): S3Context {
  return { headers, clock: { now: () => NOW }, payload: { kind } } as unknown as S3Context;
}
function bucketOf(rule?: object, objectLock = true): Bucket {
  return {
    objectLock,
    configs: rule === undefined ? {} : { 'object-lock': JSON.stringify(rule) },
  } as unknown as Bucket;
}
const until = (ms: number) => ({
  'x-amz-object-lock-mode': 'COMPLIANCE',
  'x-amz-object-lock-retain-until-date': new Date(ms).toISOString(),
});

describe('the lock of a version to be', () => {
  test('is what its write says, else the bucket’s default, else none', () => {
    const rule = { mode: 'GOVERNANCE', unit: 'days', count: 2 };
    expect(requestedLock(contextOf({}), bucketOf())).toEqual({ retention: null, legalHold: null });
    expect(requestedLock(contextOf({}), bucketOf(rule))).toEqual({
      retention: { mode: 'GOVERNANCE', untilMs: NOW + 2 * DAY },
      legalHold: null,
    });
    const said = { ...until(NOW + 1), 'x-amz-object-lock-legal-hold': 'OFF' };
    expect(requestedLock(contextOf(said), bucketOf(rule))).toEqual({
      retention: { mode: 'COMPLIANCE', untilMs: NOW + 1 },
      legalHold: false,
    });
  });

  test('lies in the future', () => {
    expect(() => requestedLock(contextOf(until(NOW)), bucketOf())).toThrow(code('InvalidArgument'));
  });

  test('needs a bucket with object lock', () => {
    for (const headers of [until(NOW + 1), { 'x-amz-object-lock-legal-hold': 'OFF' }]) {
      expect(() => requestedLock(contextOf(headers), bucketOf(undefined, false))).toThrow(code('InvalidRequest'));
    }
    expect(requestedLock(contextOf({}), bucketOf(undefined, false))).toEqual({ retention: null, legalHold: null });
  });

  test('lasts whole years of the calendar', () => {
    const years = (count: number) => retentionFrom({ mode: 'COMPLIANCE', unit: 'years', count }, NOW)?.untilMs;
    expect(years(1)).toBe(Date.UTC(2029, 2, 1, 12));
    expect(years(4)).toBe(Date.UTC(2032, 1, 29, 12));
  });
});

test('a write under retention carries a digest', () => {
  const bucket = bucketOf({ mode: 'GOVERNANCE', unit: 'days', count: 2 });
  const check = (headers: Record<string, string>, kind: string) => () =>
    requireDigestUnderLock(contextOf(headers, kind), bucket);
  expect(check({}, 'unsigned')).toThrow(code('InvalidRequest'));
  expect(check({ 'content-md5': 'x' }, 'unsigned')).not.toThrow();
  expect(check({ 'x-amz-checksum-crc32': 'x' }, 'unsigned')).not.toThrow();
  expect(check({}, 'signed')).not.toThrow();
  expect(() => requireDigestUnderLock(contextOf({}, 'unsigned'), bucketOf())).not.toThrow();
});

test('a read says of the lock what there is to say', () => {
  const tenant = { id: 'owner' };
  const credential = { tenant, policy: null, sessionPolicy: null };
  const context = { caller: { kind: 'credential', credential }, access: { decided: () => undefined } };
  const bucket = { tenantId: 'owner', ownerId: 'o', configs: {} } as unknown as Bucket;
  const shown = (attributes: object) =>
    lockHeaders(context as unknown as S3Context, bucket, {
      attributes: { ...PLAIN_ATTRIBUTES, ...attributes },
    } as unknown as ObjectVersion);
  expect(shown({})).toEqual({});
  expect(shown({ legalHold: false })).toEqual({ 'x-amz-object-lock-legal-hold': 'OFF' });
  expect(shown({ legalHold: true, retention: { mode: 'COMPLIANCE', untilMs: NOW } })).toEqual({
    'x-amz-object-lock-legal-hold': 'ON',
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': '2028-02-29T12:00:00.000Z',
  });
});
