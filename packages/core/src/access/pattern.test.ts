import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, isFixed, type Lookup, matchesPattern, matchesWildcards, resolveText } from './pattern.ts';

const none: Lookup = () => undefined;
const values =
  (map: Record<string, string>): Lookup =>
  (key) =>
    map[key] === undefined ? undefined : [map[key]];

/** The same by way of a regular expression, which is slow where ours must not be. */
function reference(pattern: string, value: string): boolean {
  const source = Array.from(pattern, (c) =>
    c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[\\^$.+()[\]{}|]/, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`, 's').test(value);
}

describe('wildcards', () => {
  test.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['**a**', 'xxaxx', true],
    ['s3:Get*', 's3:GetObject', true],
    ['*ab*ab', 'abxab', true],
  ])('%s and %s: %s', (pattern, value, expected) => {
    expect(matchesWildcards(pattern, value)).toBe(expected);
  });

  test('they mean what a regular expression means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '='), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        expect(matchesWildcards(pattern, value)).toBe(reference(pattern, value));
      }),
      { numRuns: 2000 },
    );
  });

  test('many stars on a long text end', () => {
    expect(matchesWildcards('*a'.repeat(200), 'b'.repeat(1024))).toBe(false);
  });
});

describe('variables', () => {
  const pattern = (text: string) => {
    const compiled = compilePattern(text, true);
    if (compiled === undefined) throw new Error('not a pattern');
    return compiled;
  };

  test('stand for values of the request, literally', () => {
    const home = pattern('home/${aws:username}/*');
    expect(matchesPattern(home, 'home/ann/x', values({ 'aws:username': 'ann' }))).toBe(true);
    expect(matchesPattern(home, 'home/bob/x', values({ 'aws:username': 'ann' }))).toBe(false);
    expect(matchesPattern(home, 'home/bob/x', values({ 'aws:username': '*' }))).toBe(false);
    expect(matchesPattern(home, 'home/*/x', values({ 'aws:username': '*' }))).toBe(true);
  });

  test('without a value nothing fits, but for a fallback', () => {
    expect(matchesPattern(pattern('a${aws:username}'), 'a', none)).toBe(false);
    expect(matchesPattern(pattern("a${aws:username, 'x'}"), 'ax', none)).toBe(true);
    expect(resolveText(pattern('${aws:username}'), none)).toBeUndefined();
    expect(resolveText(pattern("${aws:username,'y'}z"), none)).toBe('yz');
  });

  test('escapes', () => {
    expect(matchesPattern(pattern('a${*}b'), 'a*b', none)).toBe(true);
    expect(matchesPattern(pattern('a${*}b'), 'axb', none)).toBe(false);
    expect(resolveText(pattern('${$}{x}'), none)).toBe('${x}');
  });

  test('the old version has none', () => {
    const old = compilePattern('${aws:username}', false);
    expect(old === undefined ? false : matchesPattern(old, '${aws:username}', none)).toBe(true);
  });

  test('what is no variable is refused', () => {
    expect(compilePattern("${a, b}'", true)).toBeUndefined();
    expect(compilePattern('${}', true)).toBeUndefined();
  });

  test('fixed values', () => {
    expect(isFixed(pattern('abc'))).toBe(true);
    expect(isFixed(pattern('ab*'))).toBe(false);
    expect(isFixed(pattern('${aws:username}'))).toBe(false);
  });
});
