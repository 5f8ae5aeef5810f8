import { describe, expect, test } from 'vitest';
import { parseQuery } from '../query.ts';
import {
  parseListBucketsQuery,
  parseListObjectsQuery,
  parseListObjectsV2Query,
  parseListPartsQuery,
  parseListUploadsQuery,
  parseListVersionsQuery,
  parsePartNumber,
} from './listing-query.ts';

const argument = (name: string): object =>
  expect.objectContaining({
    code: 'InvalidArgument',
    detail: expect.objectContaining({ ArgumentName: name }) as unknown,
  }) as object;

describe('max-keys', () => {
  test.each([
    ['', 1000],
    ['max-keys=', 1000],
    ['max-keys=0', 0],
    ['max-keys=7', 7],
    ['max-keys=5000', 1000],
    ['max-keys=2147483647', 1000],
  ])('%j is %i', (query, expected) => {
    expect(parseListObjectsV2Query(parseQuery(query)).maxKeys).toBe(expected);
  });

  test.each(['-1', '2147483648', 'blah', '1.5', '1e3', '99999999999'])('%s is refused', (text) => {
    expect(() => parseListObjectsQuery(parseQuery(`max-keys=${text}`))).toThrow(argument('max-keys'));
  });
});

test('objects', () => {
  expect(parseListObjectsQuery(parseQuery('prefix=a%2Fb+c&delimiter=/&marker=m&encoding-type=url'))).toEqual({
    prefix: 'a/b c',
    delimiter: '/',
    marker: 'm',
    encodingType: 'url',
    maxKeys: 1000,
  });
  const second = parseListObjectsV2Query(parseQuery('start-after=s&continuation-token=t&fetch-owner=true'));
  expect(second).toMatchObject({ startAfter: 's', continuationToken: 't', fetchOwner: true, encodingType: undefined });
  expect(() => parseListObjectsQuery(parseQuery('encoding-type=x'))).toThrow(argument('encoding-type'));
  expect(parseListObjectsV2Query(parseQuery('continuation-token=')).continuationToken).toBe('');
});

test.each([
  ['list-type=3', 'list-type'],
  ['list-type=1', 'list-type'],
  ['list-type=02', 'list-type'],
  ['start-after=a', 'start-after'],
  ['continuation-token=t&start-after=a', 'continuation-token'],
])('a listing of version 1 with %s is refused: it would not be what was asked for', (query, name) => {
  expect(() => parseListObjectsQuery(parseQuery(query))).toThrow(argument(name));
});

test('a listing of version 2 has no marker, and an empty type is none', () => {
  expect(() => parseListObjectsV2Query(parseQuery('list-type=2&marker=a'))).toThrow(argument('marker'));
  expect(parseListObjectsQuery(parseQuery('list-type=&marker=a')).marker).toBe('a');
});

test('versions', () => {
  expect(parseListVersionsQuery(parseQuery('key-marker=k&version-id-marker=v'))).toMatchObject({
    keyMarker: 'k',
    versionIdMarker: 'v',
  });
  expect(() => parseListVersionsQuery(parseQuery('version-id-marker=v'))).toThrow(argument('version-id-marker'));
});

test('uploads and parts', () => {
  expect(parseListUploadsQuery(parseQuery('key-marker=k&upload-id-marker=u&max-uploads=3'))).toMatchObject({
    keyMarker: 'k',
    uploadIdMarker: 'u',
    maxUploads: 3,
  });
  expect(parseListUploadsQuery(parseQuery('upload-id-marker=u')).uploadIdMarker).toBe('');
  expect(parseListPartsQuery(parseQuery('uploadId=u&part-number-marker=4&max-parts=2000'))).toEqual({
    uploadId: 'u',
    partNumberMarker: 4,
    maxParts: 1000,
  });
  expect(parseListPartsQuery(parseQuery('uploadId=u'))).toMatchObject({ partNumberMarker: 0, maxParts: 1000 });
});

test('buckets', () => {
  expect(parseListBucketsQuery(parseQuery(''))).toEqual({
    prefix: '',
    continuationToken: undefined,
    maxBuckets: undefined,
    region: undefined,
  });
  expect(parseListBucketsQuery(parseQuery('max-buckets=10000&prefix=p')).maxBuckets).toBe(10_000);
  for (const text of ['0', '10001', 'x', '']) {
    expect(() => parseListBucketsQuery(parseQuery(`max-buckets=${text}`))).toThrow(argument('max-buckets'));
  }
});

test('part numbers', () => {
  expect(parsePartNumber(parseQuery('partNumber=10000'))).toBe(10_000);
  for (const text of ['0', '10001', '-1', 'x', '', '1.5']) {
    expect(() => parsePartNumber(parseQuery(`partNumber=${text}`))).toThrow(argument('partNumber'));
  }
});
