import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLockHeaders } from '../headers/object-lock.ts';
import {
  type DefaultRetention,
  legalHoldResult,
  objectLockConfiguration,
  parseIsoTime,
  parseLegalHold,
  parseObjectLockConfiguration,
  parseRetention,
  retentionResult,
} from './object-lock.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const ENABLED = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>';
const configuration = (inner: string) =>
  parseObjectLockConfiguration(`<ObjectLockConfiguration>${inner}</ObjectLockConfiguration>`);
const rule = (inner: string) => configuration(`${ENABLED}<Rule><DefaultRetention>${inner}</DefaultRetention></Rule>`);

describe('default retention', () => {
  test.each<DefaultRetention | null>([
    null,
    { mode: 'GOVERNANCE', unit: 'days', count: 1 },
    { mode: 'COMPLIANCE', unit: 'days', count: 36_500 },
    { mode: 'COMPLIANCE', unit: 'years', count: 100 },
  ])('%j comes back as it was', (retention) => {
    expect(parseObjectLockConfiguration(objectLockConfiguration(retention))).toEqual(retention);
  });

  test.each([
    ['', 'no state'],
    ['<ObjectLockEnabled>Disabled</ObjectLockEnabled>', 'another state'],
    [`${ENABLED}<Rule/>`, 'a rule of nothing'],
    [`${ENABLED}${ENABLED}`, 'twice'],
    [`${ENABLED}<Other/>`, 'an unknown element'],
  ])('%j is malformed: %s', (inner) => {
    expect(() => configuration(inner)).toThrow(code('MalformedXML'));
  });

  test.each([
    '<Days>1</Days>',
    '<Mode>governance</Mode><Days>1</Days>',
    '<Mode>GOVERNANCE</Mode>',
    '<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>',
    '<Mode>GOVERNANCE</Mode><Days>one</Days>',
    '<Mode>GOVERNANCE</Mode><Days></Days>',
    '<Mode>GOVERNANCE</Mode><Mode>COMPLIANCE</Mode><Days>1</Days>',
  ])('a rule of %j is malformed', (inner) => {
    expect(() => rule(inner)).toThrow(code('MalformedXML'));
  });

  test.each(['<Days>0</Days>', '<Years>-1</Years>', '<Days>36501</Days>', '<Years>101</Years>'])(
    'a period of %j is none',
    (inner) => {
      expect(() => rule(`<Mode>GOVERNANCE</Mode>${inner}`)).toThrow(code('InvalidRetentionPeriod'));
    },
  );
});

describe('retention of a version', () => {
  test('comes back to the millisecond', () => {
    for (const mode of ['GOVERNANCE', 'COMPLIANCE'] as const) {
      const retention = { mode, untilMs: Date.UTC(2040, 1, 29, 1, 2, 3, 456) };
      expect(parseRetention(retentionResult(retention))).toEqual(retention);
    }
    expect(parseRetention('<Retention/>')).toBeNull();
  });

  test.each([
    '<Mode>GOVERNANCE</Mode>',
    '<RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>',
    '<Mode>abc</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>',
    '<Mode>GOVERNANCE</Mode><RetainUntilDate>2040-01-01</RetainUntilDate>',
    '<Mode>GOVERNANCE</Mode><RetainUntilDate>2040-13-01T00:00:00Z</RetainUntilDate>',
    '<Mode>GOVERNANCE</Mode><RetainUntilDate/>',
    '<Mode>GOVERNANCE</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate><X/>',
  ])('%j is malformed', (inner) => {
    expect(() => parseRetention(`<Retention>${inner}</Retention>`)).toThrow(code('MalformedXML'));
  });
});

describe('legal hold', () => {
  test('comes back, and is nothing but ON or OFF', () => {
    for (const on of [true, false]) expect(parseLegalHold(legalHoldResult(on))).toBe(on);
    for (const status of ['abc', 'on', '']) {
      expect(() => parseLegalHold(`<LegalHold><Status>${status}</Status></LegalHold>`)).toThrow(code('MalformedXML'));
    }
    expect(() => parseLegalHold('<LegalHold/>')).toThrow(code('MalformedXML'));
  });
});

describe('times', () => {
  test.each([
    ['2040-01-01T00:00:00Z', Date.UTC(2040, 0, 1)],
    ['2040-01-01T00:00Z', Date.UTC(2040, 0, 1)],
    ['2040-01-01T00:00:00.123456Z', Date.UTC(2040, 0, 1) + 123],
    ['2040-01-01T00:00:00.9999999Z', Date.UTC(2040, 0, 1) + 999],
    ['2040-01-01T02:30:00+02:30', Date.UTC(2040, 0, 1)],
    ['2040-01-01T00:00:00', undefined],
    ['+010000-01-01T00:00:00Z', undefined],
    ['2040-02-30T25:00:00Z', undefined],
    ['Sun, 01 Jan 2040 00:00:00 GMT', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseIsoTime(text)).toBe(expected);
  });
});

describe('headers of a write', () => {
  const until = '2040-01-01T00:00:00Z';
  test('say what is to be', () => {
    expect(parseLockHeaders({})).toEqual({});
    expect(parseLockHeaders({ 'x-amz-object-lock-legal-hold': 'OFF' })).toEqual({ legalHold: false });
    const headers = { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until };
    expect(parseLockHeaders(headers)).toEqual({ retention: { mode: 'COMPLIANCE', untilMs: Date.UTC(2040, 0, 1) } });
  });

  test.each([
    { 'x-amz-object-lock-mode': 'GOVERNANCE' },
    { 'x-amz-object-lock-retain-until-date': until },
    { 'x-amz-object-lock-mode': 'governance', 'x-amz-object-lock-retain-until-date': until },
    { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': 'tomorrow' },
    { 'x-amz-object-lock-legal-hold': 'YES' },
  ] as Record<string, string>[])('%j is refused', (headers) => {
    expect(() => parseLockHeaders(headers)).toThrow(code('InvalidArgument'));
  });
});

test('fuzz: only Faults come out of the parsers', () => {
  const words = ['ObjectLockEnabled', 'Rule', 'DefaultRetention', 'Mode', 'Days', 'Years', 'RetainUntilDate', 'Status'];
  const parsers: readonly [string, (body: string) => unknown][] = [
    ['ObjectLockConfiguration', parseObjectLockConfiguration],
    ['Retention', parseRetention],
    ['LegalHold', parseLegalHold],
  ];
  const { tree } = fc.letrec<{ tree: string; element: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('', 'Enabled', 'GOVERNANCE', '1', '-1', '999999999999999999', 'ON', '2040-01-01T00:00:00Z'),
      fc.string({ maxLength: 4 }),
      fc.array(tie('element'), { maxLength: 3 }).map((all) => all.join('')),
    ),
    element: fc.tuple(fc.constantFrom(...words), tie('tree')).map(([name, inner]) => `<${name}>${inner}</${name}>`),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), fc.constantFrom(...parsers), (pieces, [root, parse]) => {
      try {
        parse(`<${root}>${pieces.join('')}</${root}>`);
      } catch (error) {
        expect(isFault(error, 'MalformedXML', 'InvalidRetentionPeriod')).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});
