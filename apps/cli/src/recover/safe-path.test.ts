import { resolve, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safePath } from './safe-path.ts';

const root = resolve('/restored');
/** Keys of what is hard on a disk, so that the property meets it often. */
const part = fc.oneof(
  fc.constantFrom('', '.', '..', '%', '%2E', 'a', 'a%', 'a.', ' ', '~', '\0', '\\', 'C:', 'Ü', '😀', 'x'.repeat(300)),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'grapheme', minLength: 150, maxLength: 260 }),
);
const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('paths of keys', () => {
  it.each([
    ['a/b.txt', 'a/b.txt'],
    ['../../etc/passwd', '.%2E/.%2E/etc/passwd'],
    ['/etc/passwd', '%/etc/passwd'],
    ['.', '%2E'],
    ['a//b', 'a/%/b'],
    ['folder/', 'folder/%'],
    ['100%', '100%25'],
    ['C:\\x\u0000\n', 'C%3A%5Cx%00%0A'],
    ['ends.', 'ends%2E'],
    ['Grüße 😀.txt', 'Grüße 😀.txt'],
  ])('%j is %j', (given, path) => {
    expect(safePath(given, false).join('/')).toBe(path);
  });

  it('a key that is the folder of another one ends in a bare percent sign', () => {
    expect(safePath('photo', true).join('/')).toBe('photo%');
    expect(safePath('photo/1', false).join('/')).toBe('photo/1');
  });

  it('stay below the folder, in names that every disk takes', () => {
    fc.assert(
      fc.property(key, fc.boolean(), (given, isFolder) => {
        const names = safePath(given, isFolder);
        expect(resolve(root, ...names).startsWith(root + sep)).toBe(true);
        for (const name of names) {
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
          expect(name).not.toMatch(/[\p{Cc}\\:*?"<>|/]|^$|[. ]$/u);
        }
      }),
    );
  });

  it('never meet', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 2, maxLength: 40 }), (keys) => {
        const paths = keys.map((given) =>
          safePath(
            given,
            keys.some((other) => other.startsWith(`${given}/`)),
          ).join('/'),
        );
        expect(new Set(paths).size).toBe(keys.length);
        // Nor is one the folder of another.
        for (const path of paths) expect(paths.some((other) => other.startsWith(`${path}/`))).toBe(false);
      }),
    );
  });
});
