import { builtinPolicy, type RetentionRules } from '@sealgate/core/policy';
import { type Bucket, type ObjectVersion, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { describe, expect, test } from 'vitest';
import type { S3Context } from './context.ts';
import type { GovernedBucket } from './governed.ts';
import {
  lockHeaders,
  requestedLock,
  requireDigestUnderLock,
  requireWithinRules,
  retentionFrom,
} from './object-lock.ts';

const NOW = Date.UTC(2028, 1, 29, 12);
const DAY = 86_400_000;
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

function contextOf(headers: Record<string, string>, kind = 'signed'): S3Context {
  return { headers, clock: { now: () => NOW }, payload: { kind } } as unknown as S3Context;
}
function bucketOf(rule?: object, objectLock = true, retention: Partial<RetentionRules> = {}): GovernedBucket {
  return {
    objectLock,
    rules: { retention: { ...builtinPolicy.retention, ...retention } },
    configs: rule === undefined ? {} : { 'object-lock': JSON.stringify(rule) },
  } as unknown as GovernedBucket;
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

describe('the policies’ bounds of retention', () => {
  const days = (count: number) => ({ mode: 'GOVERNANCE', unit: 'days', count });
  const got = (headers: Record<string, string>, rules: Partial<RetentionRules>, byBucket?: object, objectLock = true) =>
    requestedLock(contextOf(headers), bucketOf(byBucket, objectLock, rules)).retention;
  const refused = (rule: string) =>
    expect.objectContaining({ code: 'PolicyRefused', rule: `objectLock.retention.${rule}` }) as object;

  test('bring what nobody asked for within themselves', () => {
    const byDefault = { mode: 'COMPLIANCE', days: 3 } as const;
    expect(got({}, { byDefault })).toEqual({ mode: 'COMPLIANCE', untilMs: NOW + 3 * DAY });
    expect(got({}, { byDefault }, days(1)), 'the bucket’s own default').toEqual({
      mode: 'GOVERNANCE',
      untilMs: NOW + DAY,
    });
    expect(got({}, { minimumDays: 2 })).toEqual({ mode: 'GOVERNANCE', untilMs: NOW + 2 * DAY });
    expect(got({}, { minimumDays: 2 }, days(1))).toEqual({ mode: 'GOVERNANCE', untilMs: NOW + 2 * DAY });
    expect(got({}, { maximumDays: 2 }, days(9))).toEqual({ mode: 'GOVERNANCE', untilMs: NOW + 2 * DAY });
    expect(got({}, { mode: 'COMPLIANCE' }, days(1))).toEqual({ mode: 'COMPLIANCE', untilMs: NOW + DAY });
    expect(got({}, { byDefault }, undefined, false)).toBeNull();
  });

  test('refuse what was asked for outside themselves', () => {
    expect(() => got(until(NOW + DAY), { minimumDays: 2 })).toThrow(refused('minimumDays'));
    expect(got(until(NOW + 2 * DAY - 1000), { minimumDays: 2, maximumDays: 2 })).toMatchObject({ mode: 'COMPLIANCE' });
    expect(() => got(until(NOW + 4 * DAY), { maximumDays: 2 })).toThrow(refused('maximumDays'));
    const governance = { ...until(NOW + DAY), 'x-amz-object-lock-mode': 'GOVERNANCE' };
    expect(() => got(governance, { mode: 'COMPLIANCE' })).toThrow(refused('mode'));
    expect(() => got({}, { minimumDays: 1 }, undefined, false)).toThrow(refused('minimumDays'));
  });

  test('count the least time from the birth of a version', () => {
    const rules = { ...builtinPolicy.retention, minimumDays: 5 };
    const lifted = (ageDays: number) => () =>
      requireWithinRules(rules, null, { now: NOW, bornMs: NOW - ageDays * DAY });
    expect(lifted(4)).toThrow(refused('minimumDays'));
    expect(lifted(5)).not.toThrow();
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
