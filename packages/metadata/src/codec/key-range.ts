import { KEY_BYTES_MAX } from '@sealgate/core/limits';

const LAST_CODE_POINT = 0x10ffff;
const LAST_BEFORE_SURROGATES = 0xd7ff;
const FIRST_AFTER_SURROGATES = 0xe000;

/** Greater than every key: more of the greatest character than a key can hold. */
export const ABOVE_ALL_KEYS = String.fromCodePoint(LAST_CODE_POINT).repeat(KEY_BYTES_MAX / 4 + 1);

/**
 * The smallest text greater than everything that starts with `prefix`, by UTF-8 bytes; undefined when there is none.
 * UTF-8 orders by code point, so raising the last code point that can be raised is exact, and stays valid text, which
 * raising a byte does not.
 */
export function keySuccessor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === LAST_CODE_POINT) continue;
    const raised = last === LAST_BEFORE_SURROGATES ? FIRST_AFTER_SURROGATES : last + 1;
    return points.map((point) => String.fromCodePoint(point)).join('') + String.fromCodePoint(raised);
  }
  return undefined;
}

/** The smallest key greater than `key`: keys hold no NUL, so the next character up is U+0001. */
export function keyAfter(key: string): string {
  return `${key}\u0001`;
}

/** What `key` is rolled up into, or undefined when it is listed itself. */
export function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

export interface KeyRange {
  /** Inclusive. */
  readonly lower: string;
  /** Exclusive. */
  readonly upper: string;
}

/** The keys that a listing may show: those with `prefix` that (or whose common prefix) come after `after`. */
export function listingRange(request: { prefix: string; delimiter: string; after: string }): KeyRange {
  const { prefix, delimiter, after } = request;
  const upper = keySuccessor(prefix) ?? ABOVE_ALL_KEYS;
  if (after === '') return { lower: prefix, upper };
  const rolledUp = commonPrefixOf(after, prefix, delimiter);
  const behind = rolledUp === undefined ? keyAfter(after) : (keySuccessor(rolledUp) ?? ABOVE_ALL_KEYS);
  return { lower: compareKeys(behind, prefix) > 0 ? behind : prefix, upper };
}

/** Orders as UTF-8 bytes do, which differs from UTF-16 order above U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** Characters as PostgreSQL counts them: code points. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
