import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDiscretion } from './discretion.ts';
import { PREFIXES_SHOWN_MAX } from './limits.ts';
import { createTally } from './tally.ts';
import type { SourceObject } from './types.ts';

const secrets = ['AKIASOURCE00EXAMPLE0', 'wJalr+XUtn/FEMI%K7MDENG', 'token+of/a=session'];
const discretion = createDiscretion(secrets);
const tally = (prefix = '', etags = true) => createTally({ discretion, prefix, etags });
const object = (key: string, changes: Partial<SourceObject> = {}): SourceObject => ({
  ...{ key, bytes: 10, modifiedAtMs: 1_700_000_000_000, etag: 'd41d8cd98f00b204e9800998ecf8427e' },
  ...changes,
});

/** Every text in a value, as its reader gets it. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsIn(member)]);
}

describe('what of a source may be kept', () => {
  it.each([
    ['a/b/c.txt', true],
    ['akiasource00example0', false],
    ['x/AKIASOURCE00EXAMPLE0/y', false],
    ['x wJalr+XUtn/FEMI%K7MDENG', false],
    [encodeURIComponent('wJalr+XUtn/FEMI%K7MDENG'), false],
    [encodeURIComponent(encodeURIComponent('token+of/a=session')), false],
    ['report?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0011', false],
    ['x-amz-security-token=1', false],
    ['get%3FAWSAccessKeyId=1', false],
    ['https://a.blob/x?sv=2&sig=abc', false],
    ['https://storage/x?GoogleAccessId=a', false],
    ['design=final', true],
    ['my signature=.txt', true],
    ['100%', true],
    ['a+b c', true],
  ])('%s: %s', (text, kept) => {
    expect(discretion.mayKeep(text)).toBe(kept);
  });

  it('keys are those that S3 and the database can hold', () => {
    for (const key of ['', 'a\0b', '\ud800', 'x'.repeat(1025), 'ä'.repeat(513)])
      expect(discretion.mayKeepKey(key)).toBe(false);
    for (const key of ['x'.repeat(1024), 'ä'.repeat(512), '\n', '../..']) expect(discretion.mayKeepKey(key)).toBe(true);
  });

  it('other texts have a known form or are not kept as they are', () => {
    expect(
      [undefined, '', 'GLACIER_IR', 'standard', 'X'.repeat(33), 'AKIASOURCE00EXAMPLE0'].map((text) =>
        discretion.storageClass(text),
      ),
    ).toEqual(['STANDARD', 'STANDARD', 'GLACIER_IR', 'OTHER', 'OTHER', 'OTHER']);
    const md5 = 'D41D8CD98F00B204E9800998ECF8427E';
    expect([md5, `${md5}-12`, `${md5}-0`, 'abc', `${md5}x`].map((text) => discretion.etag(text))).toEqual([
      ...[md5.toLowerCase(), `${md5.toLowerCase()}-12`, null, null, null],
    ]);
    expect(['owner', '', 'x'.repeat(129), 'a\0', secrets[2] ?? ''].map((text) => discretion.tagName(text))).toEqual([
      'owner',
      null,
      null,
      null,
      null,
    ]);
  });

  it('property: whatever a source says and however it hides it, no credential and no signature comes out', () => {
    const secret = fc
      .string({ minLength: 8, maxLength: 24, unit: 'grapheme' })
      .filter((text) => text.trim().length >= 8);
    const wrap = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => `dir/${text}/file`,
      (text) => encodeURIComponent(text.toWellFormed()),
      (text) => `a?X-Amz-Signature=${text}`,
      (text) => `${text.slice(0, 4)}-${text.slice(4)}`,
    );
    const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('STANDARD', 'a/b/c', ''));
    fc.assert(
      fc.property(
        fc.tuple(secret, secret, secret),
        fc.array(fc.tuple(word, wrap, fc.nat(2)), { maxLength: 20 }),
        (hidden, said) => {
          const own = createDiscretion(hidden);
          const sum = createTally({ discretion: own, prefix: '', etags: true });
          const files = said.map(([plain, hide, which], at) => {
            const told = hide(hidden[which] ?? '');
            const text = at % 2 === 0 ? told : plain;
            return sum.add(object(text, { etag: told, storageClass: told, bytes: at }));
          });
          const tags = said.map(([, hide, which]) => own.tagName(hide(hidden[which] ?? '')));
          for (const text of textsIn({ files, tags, result: sum.result() })) {
            expect(hidden.some((each) => text.includes(each) || safelyDecoded(text).includes(each))).toBe(false);
            expect(/x-amz-(signature|credential|security-token)=/i.test(text)).toBe(false);
          }
        },
      ),
    );
  });
});

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

describe('the sums of a bucket', () => {
  it('count every object, by class, size, age and first folder', () => {
    const sum = tally();
    const times = [5, 3, 9].map((day) => Date.UTC(2026, 0, day));
    sum.add(object('a/1', { bytes: 0, modifiedAtMs: times[0] ?? 0 }));
    sum.add(object('a/b/2', { bytes: 4096, modifiedAtMs: times[1] ?? 0, storageClass: 'GLACIER' }));
    sum.add(object('top', { bytes: 4097, modifiedAtMs: times[2] ?? 0 }));
    sum.add(object('c/huge', { bytes: 6 * 2 ** 30 }));
    expect(sum.result()).toEqual({
      ...{ objects: 4, bytes: 4096 + 4097 + 6 * 2 ** 30, files: 4, withheld: 0 },
      ...{ newestAtMs: times[2], oldestAtMs: Date.UTC(2023, 10, 14, 22, 13, 20) },
      storageClasses: [
        { name: 'STANDARD', objects: 3, bytes: 4097 + 6 * 2 ** 30 },
        { name: 'GLACIER', objects: 1, bytes: 4096 },
      ],
      largest: [
        { key: 'c/huge', bytes: 6 * 2 ** 30 },
        { key: 'top', bytes: 4097 },
        { key: 'a/b/2', bytes: 4096 },
        { key: 'a/1', bytes: 0 },
      ],
      sizes: [
        { upToBytes: 0, objects: 1, bytes: 0 },
        { upToBytes: 4096, objects: 1, bytes: 4096 },
        { upToBytes: 65_536, objects: 1, bytes: 4097 },
        { upToBytes: null, objects: 1, bytes: 6 * 2 ** 30 },
      ],
      prefixes: [
        { prefix: 'c/', objects: 1, bytes: 6 * 2 ** 30 },
        { prefix: '', objects: 1, bytes: 4097 },
        { prefix: 'a/', objects: 2, bytes: 4096 },
      ],
      otherPrefixes: { objects: 0, bytes: 0 },
    });
  });

  it('tell folders apart below what was asked for', () => {
    const sum = tally('logs/2026');
    for (const key of ['logs/2026/a', 'logs/2026-old/b', 'logs/2026x']) sum.add(object(key));
    expect(
      sum
        .result()
        .prefixes.map(({ prefix }) => prefix)
        .sort(),
    ).toEqual(['', 'logs/2026-old/', 'logs/2026/']);
  });

  it('leave out ETags that were not wanted', () => {
    expect(tally('', false).add(object('a'))?.etag).toBeNull();
  });

  it('count what they cannot name, and do not name it', () => {
    const sum = tally();
    expect(sum.add(object(`a/${secrets[0] ?? ''}`))).toBeUndefined();
    expect(sum.result()).toMatchObject({ objects: 1, bytes: 10, files: 0, withheld: 1, largest: [], prefixes: [] });
    expect(sum.result().otherPrefixes).toEqual({ objects: 1, bytes: 10 });
  });

  it('property: stay bounded and add up, whatever is listed', () => {
    const listed = fc.record({
      key: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.nat(5000).map((n) => `${n}/x`),
      ),
      bytes: fc.oneof(fc.nat(), fc.constantFrom(-1, Number.NaN, Number.MAX_VALUE, 0)),
      modifiedAtMs: fc.double({ noNaN: true }),
      etag: fc.string(),
      storageClass: fc.oneof(
        fc.string(),
        fc.nat(100).map((n) => `CLASS_${n}`),
      ),
    });
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 200 }), (objects) => {
        const sum = tally();
        for (const each of objects) sum.add(each);
        const result = sum.result();
        expect(result.objects).toBe(objects.length);
        expect(result.files + result.withheld).toBe(objects.length);
        expect(result.prefixes.length).toBeLessThanOrEqual(PREFIXES_SHOWN_MAX);
        expect(result.storageClasses.length).toBeLessThanOrEqual(17);
        expect(result.largest.length).toBeLessThanOrEqual(5);
        for (const parts of [result.sizes, result.storageClasses, [...result.prefixes, result.otherPrefixes]]) {
          expect(parts.reduce((all, part) => all + part.objects, 0)).toBe(objects.length);
          expect(parts.reduce((all, part) => all + part.bytes, 0)).toBe(result.bytes);
        }
        for (const time of [result.newestAtMs, result.oldestAtMs]) {
          expect(time === null || new Date(time).toISOString().length === 24).toBe(true);
        }
      }),
    );
  });
});
