import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectionConfig, parseTextArray, parseTimestamp, splitOptions } from './connection.ts';
import { classify, databaseFault } from './errors.ts';

const pgError = (code: string) => Object.assign(new Error('text of the server'), { code });

describe('what comes from the server', () => {
  it('reads timestamps to the millisecond', () => {
    expect(parseTimestamp('2026-11-21 10:00:00+00')).toBe(Date.UTC(2026, 10, 21, 10));
    expect(parseTimestamp('2026-11-21 10:00:00.5+00')).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 500));
    expect(parseTimestamp('2026-11-21 10:00:00.123456+00')).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 123));
  });

  it('reads every form of UTC as Date does', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
        const text = date
          .toISOString()
          .replace('T', ' ')
          .replace('Z', '')
          .replace(/\.?0+$/, '');
        const shown = text.length < 19 ? date.toISOString().slice(0, 19).replace('T', ' ') : text;
        expect(parseTimestamp(`${shown}+00`)).toBe(date.getTime());
      }),
    );
  });

  it('reads timestamps of any zone', () => {
    expect(parseTimestamp('2026-11-21 12:00:00.25+02')).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 250));
    expect(parseTimestamp('2026-11-21 04:30:00-05:30')).toBe(Date.UTC(2026, 10, 21, 10));
  });

  it('keeps our session settings beside those of the URL', () => {
    const socket = 'postgres://u:p@/db?host=/run/pg&options=-c%20a%3D1&x=y';
    expect(splitOptions(socket)).toEqual({ url: 'postgres://u:p@/db?host=/run/pg&x=y', options: '-c a=1' });
    expect(splitOptions('postgres://h/db?options=-c+a%3D1&x=y')).toEqual({
      url: 'postgres://h/db?x=y',
      options: '-c a=1',
    });
    expect(splitOptions('postgres://h/db')).toEqual({ url: 'postgres://h/db', options: '' });
    expect(connectionConfig(socket, 'test').options).toMatch(/^-c a=1 .*TimeZone=UTC/);
  });

  it('reads arrays of text', () => {
    expect(parseTextArray('{}')).toEqual([]);
    expect(parseTextArray('{EU,"a b","",FI}')).toEqual(['EU', 'a b', '', 'FI']);
    expect(parseTextArray(String.raw`{"say \"no\"","back\\slash","{x,y}"}`)).toEqual([
      'say "no"',
      'back\\slash',
      '{x,y}',
    ]);
  });
});

describe('errors of the database', () => {
  it.each([
    ['08006', 'DatabaseUnavailable'],
    ['53300', 'DatabaseUnavailable'],
    ['57P01', 'DatabaseUnavailable'],
    ['57P03', 'DatabaseUnavailable'],
    ['57014', 'DatabaseUnavailable'],
    ['28P01', 'DatabaseUnavailable'],
    ['55000', 'DatabaseUnavailable'],
    ['55P03', 'DatabaseUnavailable'],
    ['ECONNREFUSED', 'DatabaseUnavailable'],
    ['40001', 'SlowDown'],
    ['22021', 'InvalidArgument'],
    ['23505', 'InternalError'],
    ['42P01', 'InternalError'],
  ])('%s becomes %s, its text stays in the log', (code, fault) => {
    const error = pgError(code);
    const made = databaseFault(error);
    expect(made.code).toBe(fault);
    expect(made.cause).toBe(error);
    expect(made.message).not.toContain('text of the server');
  });

  it('knows a lost connection by its words', () => {
    for (const text of [
      'Connection terminated unexpectedly',
      'timeout exceeded when trying to connect',
      'Query read timeout',
    ]) {
      expect(classify(new Error(text))).toBe('unavailable');
    }
    expect(classify(new AggregateError([pgError('ECONNREFUSED')]))).toBe('unavailable');
    expect(classify('a string')).toBe('other');
  });
});
