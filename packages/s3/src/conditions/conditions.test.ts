import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  conditionsOfDeletion,
  evaluateCopySource,
  evaluateRead,
  parseDeleteConditions,
  parseReadConditions,
  parseWriteConditions,
  requireCopySourceConditions,
  requireReadConditions,
} from './conditions.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const modifiedAtMs = Date.UTC(2026, 10, 21, 12, 0, 0, 700);
const subject = { etag: 'abc', modifiedAtMs };
const date = (deltaMs: number): string => formatHttpDate(modifiedAtMs + deltaMs);
const [same, before, after] = [date(0), date(-1000), date(1000)];

describe('a conditional read', () => {
  test.each([
    [{}, 'proceed'],
    [{ 'if-match': '"abc"' }, 'proceed'],
    [{ 'if-match': 'abc' }, 'proceed'],
    [{ 'if-match': '"x", "abc"' }, 'proceed'],
    [{ 'if-match': '*' }, 'proceed'],
    [{ 'if-match': '"x"' }, 'precondition-failed'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"x"' }, 'proceed'],
    [{ 'if-modified-since': same }, 'not-modified'],
    [{ 'if-modified-since': after }, 'not-modified'],
    [{ 'if-modified-since': before }, 'proceed'],
    [{ 'if-modified-since': 'yesterday' }, 'proceed'],
    [{ 'if-unmodified-since': same }, 'proceed'],
    [{ 'if-unmodified-since': before }, 'precondition-failed'],
    // An entity tag beats the date of its kind; a failed precondition beats "not modified".
    [{ 'if-match': '"abc"', 'if-unmodified-since': before }, 'proceed'],
    [{ 'if-none-match': '"x"', 'if-modified-since': after }, 'proceed'],
    [{ 'if-none-match': '"abc"', 'if-modified-since': before }, 'not-modified'],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'precondition-failed'],
  ])('%j: %s', (headers, outcome) => {
    expect(evaluateRead(parseReadConditions(headers as Record<string, string>), subject)).toBe(outcome);
  });

  test('faults name the header', () => {
    const require = (headers: Record<string, string>): void => {
      requireReadConditions(parseReadConditions(headers), subject);
    };
    const failed = (condition: string): object =>
      expect.objectContaining({ code: 'PreconditionFailed', detail: { Condition: condition } }) as object;
    expect(() => {
      require({ 'if-match': '"x"' });
    }).toThrow(failed('If-Match'));
    expect(() => {
      require({ 'if-unmodified-since': before });
    }).toThrow(failed('If-Unmodified-Since'));
    expect(() => {
      require({ 'if-none-match': '*' });
    }).toThrow(expect.objectContaining({ code: 'NotModified' }));
    require({});
  });
});

describe('the source of a copy', () => {
  const conditions = (name: string, value: string): ReturnType<typeof parseReadConditions> =>
    parseReadConditions({ [`x-amz-copy-source-${name}`]: value }, 'x-amz-copy-source-');

  test.each([
    ['if-match', '"abc"', 'proceed'],
    ['if-match', '"x"', 'precondition-failed'],
    ['if-none-match', '"abc"', 'precondition-failed'],
    ['if-none-match', '"x"', 'proceed'],
    ['if-modified-since', same, 'precondition-failed'],
    ['if-modified-since', before, 'proceed'],
    ['if-unmodified-since', before, 'precondition-failed'],
  ])('%s %s: %s', (name, value, outcome) => {
    expect(evaluateCopySource(conditions(name, value), subject)).toBe(outcome);
  });

  test('fails with the name of the header', () => {
    expect(() => {
      requireCopySourceConditions(conditions('if-none-match', '"abc"'), subject);
    }).toThrow(expect.objectContaining({ detail: { Condition: 'x-amz-copy-source-If-None-Match' } }));
    requireCopySourceConditions(conditions('if-none-match', '"x"'), subject);
  });
});

test('conditions of a write', () => {
  expect(parseWriteConditions({})).toEqual({});
  expect(parseWriteConditions({ 'if-none-match': '*' })).toEqual({ ifNoneMatch: '*' });
  expect(parseWriteConditions({ 'if-match': '"abc"' })).toEqual({ ifMatch: 'abc' });
  expect(parseWriteConditions({ 'if-match': '*', 'if-none-match': '"abc"' })).toEqual({
    ifMatch: '*',
    ifNoneMatch: 'abc',
  });
  for (const name of ['if-match', 'if-none-match']) {
    expect(() => parseWriteConditions({ [name]: '"a", "b"' })).toThrow(
      expect.objectContaining({ code: 'NotImplemented' }),
    );
  }
});

describe('conditions of a deletion', () => {
  const [size, time] = ['x-amz-if-match-size', 'x-amz-if-match-last-modified-time'];
  const second = Date.UTC(1994, 10, 6, 8, 49, 37);

  test('those of a write, and size and time', () => {
    expect(parseDeleteConditions({})).toEqual({ preconditions: {} });
    expect(parseDeleteConditions({ 'if-match': '*' })).toEqual({ preconditions: { ifMatch: '*' } });
    expect(parseDeleteConditions({ [size]: '0', [time]: 'Sun, 06 Nov 1994 08:49:37 GMT' })).toEqual({
      preconditions: {},
      unchanged: { bytes: 0, modifiedAtMs: second },
    });
  });

  test('in a list of objects', () => {
    expect(conditionsOfDeletion({})).toEqual({ preconditions: {} });
    expect(conditionsOfDeletion({ etag: 'abc', size: 7, lastModifiedTime: '1994-11-06T08:49:37.000Z' })).toEqual({
      preconditions: { ifMatch: 'abc' },
      unchanged: { bytes: 7, modifiedAtMs: second },
    });
  });

  test.each([
    { [size]: '-1' },
    { [size]: '' },
    { [size]: '1e3' },
    { [time]: 'yesterday' },
    { [time]: '1994-13-06T08:49:37Z' },
  ])('%j is refused', (headers) => {
    expect(() => parseDeleteConditions(headers)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

describe('HTTP dates', () => {
  test('the three forms of RFC 9110', () => {
    const expected = Date.UTC(1994, 10, 6, 8, 49, 37);
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(expected);
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(expected);
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994')).toBe(expected);
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 +0000')).toBe(expected);
    expect(formatHttpDate(expected + 999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });

  test.each([
    '',
    'now',
    'Sun, 31 Feb 2026 00:00:00 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    '0',
  ])('%j is none', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  test('come back as they went, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), fc.string(), (second, text) => {
        expect(parseHttpDate(formatHttpDate(second * 1000))).toBe(second * 1000);
        parseHttpDate(text);
      }),
    );
  });
});
