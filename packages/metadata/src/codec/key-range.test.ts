import { parseObjectKey } from '@sealgate/core/names';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABOVE_ALL_KEYS,
  codePoints,
  commonPrefixOf,
  compareKeys,
  keyAfter,
  keySuccessor,
  listingRange,
} from './key-range.ts';

const character = fc.oneof(
  fc.constantFrom('a', '/', '\u0001', '\u007f', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => c !== '\0'),
);
const text = fc.array(character, { maxLength: 5 }).map((characters) => characters.join(''));
const less = (a: string, b: string) => compareKeys(a, b) < 0;

describe('key ranges', () => {
  it('a prefix begins exactly what lies between it and its successor', () => {
    fc.assert(
      fc.property(text, text, fc.boolean(), (prefix, other, extend) => {
        const key = extend ? prefix + other : other;
        const successor = keySuccessor(prefix) ?? ABOVE_ALL_KEYS;
        const inRange = !less(key, prefix) && less(key, successor);
        expect(inRange).toBe(key.startsWith(prefix));
        expect(successor.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('has no successor where there is none', () => {
    expect(keySuccessor('')).toBeUndefined();
    expect(keySuccessor('\u{10ffff}\u{10ffff}')).toBeUndefined();
    expect(keySuccessor('a\u{10ffff}')).toBe('b');
    expect(keySuccessor('a\ud7ff')).toBe('a\ue000');
    expect(keySuccessor('a/')).toBe('a0');
  });

  it('nothing fits between a key and the one after it', () => {
    fc.assert(
      fc.property(text, text, (key, other) => {
        expect(less(key, keyAfter(key))).toBe(true);
        expect(less(key, other) && less(other, keyAfter(key))).toBe(false);
      }),
    );
  });

  it('every key is below the upper end', () => {
    expect(less(parseObjectKey('\u{10ffff}'.repeat(256)), ABOVE_ALL_KEYS)).toBe(true);
  });

  it('holds what a listing may show and nothing that comes before', () => {
    fc.assert(
      fc.property(text, fc.constantFrom('', '/', 'a', '\u{10ffff}'), text, text, (prefix, delimiter, after, key) => {
        const { lower, upper } = listingRange({ prefix, delimiter, after });
        const shown = commonPrefixOf(key, prefix, delimiter) ?? key;
        const wanted = key.startsWith(prefix) && less(after, shown);
        const inRange = !less(key, lower) && less(key, upper);
        expect(inRange).toBe(wanted || (key === '' && prefix === '' && after === ''));
      }),
      { numRuns: 2000 },
    );
  });

  it('counts characters as the database does', () => {
    expect([codePoints(''), codePoints('aé😀')]).toEqual([0, 3]);
  });
});
