import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectHeaders, headerValue } from '../request.ts';
import { parseCopySource } from './copy-source.ts';
import { isStorageClass, parseStorageClassName } from './storage-class.ts';
import { formatStoredHeaders, parseResponseOverrides, parseStoredHeaders } from './stored-headers.ts';
import { parseTaggingHeader, validateTags } from './tags.ts';

/** Any UTF-16 code unit of the first nine thousand: control characters, Latin-1, more; no surrogates. */
const anyCharacter = fc.integer({ min: 0, max: 0x23ff }).map((unit) => String.fromCharCode(unit));

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

test('headers off the wire', () => {
  const headers = collectHeaders([
    'Host',
    'h',
    'X-Amz-Meta-A',
    '1',
    'x-amz-meta-a',
    '2',
    'X-AMZ-META-A',
    '3',
    '__proto__',
    'p',
  ]);
  expect(headerValue(headers, 'x-amz-meta-a')).toBe('1,2,3');
  expect(headerValue(headers, 'host')).toBe('h');
  expect(headerValue(headers, '__proto__')).toBe('p');
  expect(headerValue(headers, 'constructor')).toBeUndefined();
});

describe('stored headers', () => {
  test('come back as they were sent', () => {
    const sent = {
      'content-type': 'text/plain',
      'content-encoding': 'gzip',
      'content-disposition': 'attachment',
      'content-language': 'fi',
      'cache-control': 'no-store',
      expires: 'whenever',
      'x-amz-website-redirect-location': '/elsewhere',
      'x-amz-meta-a': '=?UTF-8?B?w4Q=?=',
      'x-amz-meta-b': Buffer.from('Ä', 'utf8').toString('latin1'),
      'x-amz-meta-__proto__': 'kept',
    };
    expect(formatStoredHeaders(parseStoredHeaders({ ...sent, host: 'h', 'x-amz-acl': 'private' }))).toEqual(sent);
  });

  test('nothing sent', () => {
    expect(parseStoredHeaders({})).toEqual({});
    expect(formatStoredHeaders({})).toEqual({ 'content-type': 'binary/octet-stream' });
  });

  test.each([
    ['aws-chunked', undefined],
    ['aws-chunked,gzip', 'gzip'],
    ['gzip, AWS-Chunked', 'gzip'],
    ['gzip,br', 'gzip,br'],
  ])('content-encoding %s is kept as %s', (sent, kept) => {
    expect(parseStoredHeaders({ 'content-encoding': sent }).contentEncoding).toBe(kept);
  });

  test('2 KiB of user metadata, names and values together', () => {
    const user = (bytes: number): Record<string, string> => ({ 'x-amz-meta-abcd': 'x'.repeat(bytes - 4) });
    expect(parseStoredHeaders(user(2048)).user).toBeDefined();
    expect(() => parseStoredHeaders(user(2049))).toThrow(code('MetadataTooLarge'));
    expect(parseStoredHeaders(user(2049), { uncounted: (name) => name === 'abcd' }).user).toBeDefined();
  });

  test('a query may replace some, but not end the header', () => {
    const query = new Map([
      ['response-content-type', 'text/ü'],
      ['response-expires', '0'],
      ['x', 'y'],
    ]);
    expect(parseResponseOverrides(query)).toEqual({ 'content-type': 'text/Ã¼', expires: '0' });
    expect(() => parseResponseOverrides(new Map([['response-expires', 'a\r\nb: c']]))).toThrow(code('InvalidArgument'));
  });
});

describe('the source of a copy', () => {
  test.each([
    ['bucket/key', { bucket: 'bucket', key: 'key' }],
    ['/bucket/a%20b/c%2Bd+e', { bucket: 'bucket', key: 'a b/c+d+e' }],
    ['/bucket//key', { bucket: 'bucket', key: '/key' }],
    ['bucket%2Fkey', { bucket: 'bucket', key: 'key' }],
    ['bucket/key?versionId=v1', { bucket: 'bucket', key: 'key', versionId: 'v1' }],
    ['bucket/what%3F?versionId=null', { bucket: 'bucket', key: 'what?', versionId: 'null' }],
    ['bucket/a?b', { bucket: 'bucket', key: 'a?b' }],
  ])('%s', (header, expected) => {
    expect(parseCopySource(header)).toEqual(expected);
  });

  test.each(['', '/', 'bucket', 'bucket/', '/bucket', 'B/key', 'bucket/%ff', 'bucket/key?versionId=', 'bucket/%00'])(
    '%j is refused',
    (header) => {
      expect(() => parseCopySource(header)).toThrow(code('InvalidArgument'));
    },
  );

  test('fuzz: only InvalidArgument comes out', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: anyCharacter }),
          fc.string().map((text) => `bucket/${text}`),
        ),
        (header) => {
          try {
            parseCopySource(header);
          } catch (error) {
            expect(isFault(error, 'InvalidArgument')).toBe(true);
          }
        },
      ),
    );
  });
});

describe('tags', () => {
  test('of a header', () => {
    expect(parseTaggingHeader('')).toEqual([]);
    expect(parseTaggingHeader('a=1&b%20c=d+e&f')).toEqual([
      { key: 'a', value: '1' },
      { key: 'b c', value: 'd e' },
      { key: 'f', value: '' },
    ]);
  });

  test.each([
    ['a=1&a=2', 'InvalidTag'],
    ['=1', 'InvalidTag'],
    ['aws:x=1', 'InvalidTag'],
    ['a=%ff', 'InvalidArgument'],
    [`${'k'.repeat(129)}=1`, 'InvalidTag'],
    [`k=${'v'.repeat(257)}`, 'InvalidTag'],
    ['k=<', 'InvalidTag'],
    [Array.from({ length: 11 }, (_, i) => `k${i}=`).join('&'), 'InvalidTag'],
    [Array.from({ length: 5000 }, (_, i) => `k${i}=`).join('&'), 'InvalidTag'],
  ])('%s', (header, expected) => {
    expect(() => parseTaggingHeader(header)).toThrow(code(expected));
  });

  test('the longest ones pass', () => {
    const tag = { key: 'k'.repeat(128), value: 'ä'.repeat(256) };
    expect(validateTags([tag], 10)).toEqual([tag]);
  });
});

test('storage classes', () => {
  expect(isStorageClass('STANDARD_IA')).toBe(true);
  expect(isStorageClass('StandardClass')).toBe(false);
  expect(parseStorageClassName('StandardClass')).toBe('StandardClass');
  expect(() => parseStorageClassName('a b')).toThrow(code('InvalidStorageClass'));
});
