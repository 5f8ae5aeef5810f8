import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CorsRule, corsHeaders, matchCors, parseRequestHeaders } from './cors.ts';

const rule = (overrides: Partial<CorsRule> = {}): CorsRule => ({
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
  ...overrides,
});
const matches = (overrides: Partial<CorsRule>, request: Parameters<typeof matchCors>[1]): boolean =>
  matchCors([rule(overrides)], request) !== undefined;

describe('a rule matches', () => {
  test.each([
    ['*suffix', 'foo.suffix', true],
    ['*suffix', 'foo.suffix.get', false],
    ['start*end', 'startend', true],
    ['start*end', 'start12end', true],
    ['start*end', '0startend', false],
    ['prefix*', 'prefix', true],
    ['prefix*', 'a.prefix', false],
    ['aba*aba', 'aba', false],
    ['*', 'anything', true],
    ['https://a.example', 'https://a.example', true],
    ['https://a.example', 'http://a.example', false],
    ['https://a.example', 'https://A.example', false],
    ['https://a.example', 'https://a.example:444', false],
  ])('origin %s for %s: %s', (pattern, origin, expected) => {
    expect(matches({ allowedOrigins: [pattern] }, { origin, method: 'GET' })).toBe(expected);
  });

  test.each([
    [['*'], ['x-amz-date', 'authorization'], true],
    [['X-Amz-*', 'Authorization'], ['x-amz-date', 'AUTHORIZATION'], true],
    [['x-amz-*'], ['content-type'], false],
    [[], ['content-type'], false],
    [[], [], true],
  ])('headers %j for %j: %s', (allowedHeaders, requestHeaders, expected) => {
    const request = { origin: 'https://a.example', method: 'GET', requestHeaders };
    expect(matches({ allowedHeaders }, request)).toBe(expected);
  });

  test('only with its method, the first of several', () => {
    const rules = [rule({ id: 'put', allowedMethods: ['PUT'] }), rule({ id: 'get' }), rule({ id: 'later' })];
    expect(matchCors(rules, { origin: 'https://a.example', method: 'GET' })?.id).toBe('get');
    expect(matchCors(rules, { origin: 'https://a.example', method: 'DELETE' })).toBeUndefined();
  });

  test('what it was made from', () => {
    const piece = fc.string({ maxLength: 5 }).filter((text) => !text.includes('*'));
    fc.assert(
      fc.property(piece, piece, piece, (head, middle, tail) =>
        matches({ allowedOrigins: [`${head}*${tail}`] }, { origin: head + middle + tail, method: 'GET' }),
      ),
    );
  });
});

describe('the answer', () => {
  test('names the origin and allows credentials', () => {
    const request = { origin: 'https://a.example', method: 'GET', requestHeaders: ['X-Amz-Date', 'range'] };
    const full = rule({ allowedMethods: ['GET', 'PUT'], exposeHeaders: ['ETag', 'x-amz-id-2'], maxAgeSeconds: 60 });
    expect(corsHeaders(full, request)).toEqual({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'x-amz-date, range',
      'access-control-expose-headers': 'ETag, x-amz-id-2',
      'access-control-max-age': '60',
    });
  });

  test('names nobody, and allows no credentials, when the rule is for all', () => {
    expect(corsHeaders(rule({ allowedOrigins: ['*'] }), { origin: 'null', method: 'GET' })).toEqual({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
    });
  });
});

test('names of requested headers', () => {
  expect(parseRequestHeaders(undefined)).toEqual([]);
  expect(parseRequestHeaders(' a, b ,,c')).toEqual(['a', 'b', 'c']);
});
