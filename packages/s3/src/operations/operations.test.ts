import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestHeaders } from '../request.ts';
import { splitTarget } from '../request.ts';
import {
  bucketOperations,
  implementedOperations,
  type OperationName,
  objectOperations,
  serviceOperations,
} from './names.ts';
import { parseOperation, type S3Operation } from './parse.ts';
import { bucketRoutes, configurationLists, objectRoutes } from './routes.ts';

/** Any UTF-16 code unit of the first nine thousand: control characters, Latin-1, more; no surrogates. */
const anyCharacter = fc.integer({ min: 0, max: 0x23ff }).map((unit) => String.fromCharCode(unit));

function parse(method: string, target: string, headers: RequestHeaders = {}): S3Operation {
  return parseOperation({ method, ...splitTarget(target), host: 'localhost:9000', headers });
}

const name = (method: string, target: string, headers: RequestHeaders = {}): OperationName =>
  parse(method, target, headers).name;

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('every operation is reached', () => {
  const copy = { 'x-amz-copy-source': '/b/k' };
  const form = { 'content-type': 'multipart/form-data; boundary=x' };
  const plain: readonly (readonly [OperationName, string, string, RequestHeaders?])[] = [
    ['ListBuckets', 'GET', '/'],
    ['ListDirectoryBuckets', 'GET', '/?max-directory-buckets=3'],
    ['WriteGetObjectResponse', 'POST', '/WriteGetObjectResponse'],
    ['CreateBucket', 'PUT', '/bucket'],
    ['CreateBucket', 'PUT', '/bucket/'],
    ['DeleteBucket', 'DELETE', '/bucket'],
    ['HeadBucket', 'HEAD', '/bucket'],
    ['PreflightBucket', 'OPTIONS', '/bucket'],
    ['ListObjects', 'GET', '/bucket'],
    ['ListObjects', 'GET', '/bucket?list-type=1&unknown=x'],
    ['ListObjectsV2', 'GET', '/bucket?list-type=2&prefix=acl'],
    ['PostObject', 'POST', '/bucket', form],
    ['PostObject', 'POST', '/bucket'],
    ['PutObject', 'PUT', '/bucket/key?x-id=PutObject'],
    ['CopyObject', 'PUT', '/bucket/key', copy],
    ['GetObject', 'GET', '/bucket/key?partNumber=1&versionId=v'],
    ['HeadObject', 'HEAD', '/bucket/key?acl'],
    ['DeleteObject', 'DELETE', '/bucket/key?versionId=v'],
    ['PreflightObject', 'OPTIONS', '/bucket/key'],
    ['UploadPart', 'PUT', '/bucket/key?partNumber=1&uploadId=u'],
    ['UploadPartCopy', 'PUT', '/bucket/key?partNumber=1&uploadId=u', copy],
    ['ListObjectAnnotations', 'GET', '/bucket/key?annotation'],
    ['GetObjectAnnotation', 'GET', '/bucket/key?annotation&annotationName=n'],
    ['SelectObjectContent', 'POST', '/bucket/key?select&select-type=2'],
    ['CreateMultipartUpload', 'POST', '/bucket/key?uploads='],
  ];

  test.each(plain.map((row) => [...row] as const))('%s is %s %s', (...[operation, method, target, headers]) => {
    expect(name(method, target, headers)).toBe(operation);
  });

  test('those of the sub-resources too, and none is left over', () => {
    const reached = new Set<OperationName>(plain.map(([operation]) => operation));
    for (const [routes, path] of [
      [bucketRoutes, '/bucket'],
      [objectRoutes, '/bucket/key'],
    ] as const) {
      for (const [subresource, row] of routes) {
        for (const [method, operation] of Object.entries(row)) {
          const extra =
            operation === 'UploadPart'
              ? '&partNumber=1'
              : operation === 'GetObjectAnnotation'
                ? '&annotationName=n'
                : '';
          expect(
            name(method, `${path}?${subresource}${extra}${configurationLists.has(operation as never) ? '&id=1' : ''}`),
          ).toBe(operation);
          reached.add(operation);
        }
      }
    }
    for (const [single, list] of configurationLists) {
      const subresource = [...bucketRoutes].find(([, row]) => row.GET === single)?.[0] ?? '';
      expect(name('GET', `/bucket?${subresource}`)).toBe(list);
      reached.add(list);
    }
    const all = [...serviceOperations, ...bucketOperations, ...objectOperations];
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((operation) => !reached.has(operation))).toEqual([]);
    for (const operation of implementedOperations) expect(all).toContain(operation);
  });
});

describe('addresses', () => {
  const at = (host: string, rawPath: string): S3Operation =>
    parseOperation({ method: 'GET', host, rawPath, rawQuery: '', headers: {}, baseDomains: ['s3.example.eu'] });

  test('keys are kept as they are', () => {
    for (const key of ['/a', 'a//b', '../..', './a', 'a/', 'a b+c', 'ünï/☃', 'a%2Fb', '?', '&', '\u0001\u007f']) {
      expect(parse('GET', `/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`)).toMatchObject({
        bucket: 'bucket',
        key,
      });
    }
    expect(parse('GET', '/bucket/a+b')).toMatchObject({ key: 'a+b' });
  });

  test('bytes that were not escaped are UTF-8 as well', () => {
    const raw = Buffer.from('/bucket/ü%20ü', 'utf8').toString('latin1');
    expect(parse('GET', raw)).toMatchObject({ key: 'ü ü' });
  });

  test('virtual-host style', () => {
    expect(at('photos.s3.example.eu:9000', '/a/b')).toMatchObject({ bucket: 'photos', key: 'a/b' });
    expect(at('my.photos.S3.Example.EU', '/')).toMatchObject({ bucket: 'my.photos', name: 'ListObjects' });
    expect(at('s3.example.eu', '/photos/a')).toMatchObject({ bucket: 'photos', key: 'a' });
    expect(at('[::1]:9000', '/photos/a')).toMatchObject({ bucket: 'photos', key: 'a' });
  });

  test('absolute targets', () => {
    expect(splitTarget('http://host:1/b/k?x=y?z')).toEqual({ rawPath: '/b/k', rawQuery: 'x=y?z' });
    expect(splitTarget('http://host')).toEqual({ rawPath: '/', rawQuery: '' });
    expect(() => splitTarget('*')).toThrow(code('InvalidURI'));
  });

  test.each([
    ['GET', '/bucket/%zz', 'InvalidURI'],
    ['GET', '/bucket/%ff', 'InvalidURI'],
    ['GET', '/bucket/%c0%ae', 'InvalidURI'],
    ['GET', '/bucket/%00', 'InvalidURI'],
    ['GET', '/bucket?prefix=%ff', 'InvalidURI'],
    ['GET', `/bucket?${'a&'.repeat(128)}`, 'InvalidURI'],
    ['GET', `/bucket/${'a'.repeat(1025)}`, 'KeyTooLongError'],
    ['GET', `/bucket/${'%C3%BC'.repeat(513)}`, 'KeyTooLongError'],
    ['PUT', '/Bucket_', 'InvalidBucketName'],
    ['GET', '//key', 'InvalidBucketName'],
    ['PUT', '/', 'MethodNotAllowed'],
    ['POST', '/', 'MethodNotAllowed'],
    ['PATCH', '/bucket', 'MethodNotAllowed'],
    ['PATCH', '/bucket/key', 'MethodNotAllowed'],
    ['POST', '/bucket/key', 'MethodNotAllowed'],
    ['DELETE', '/bucket?acl', 'MethodNotAllowed'],
    ['DELETE', '/bucket/key?acl', 'MethodNotAllowed'],
    ['PUT', '/bucket/key?partNumber=1', 'InvalidArgument'],
    ['PUT', '/bucket/key?uploadId=u', 'InvalidArgument'],
  ])('%s %s is %s', (method, target, expected) => {
    expect(() => parse(method, target)).toThrow(code(expected));
  });
});

test('fuzz: only a Fault comes out', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      'bucket',
      '%',
      '%2F',
      '%c3',
      '%00',
      '?',
      '&',
      '=',
      'acl',
      'uploadId',
      'partNumber',
      '+',
      '..',
      'é',
    ),
    fc.string({ unit: anyCharacter, maxLength: 6 }),
  );
  const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
  fc.assert(
    fc.property(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'X'), target, (method, text) => {
      try {
        const operation = parse(method, text);
        if (operation.level === 'object') expect(operation.key.length).toBeGreaterThan(0);
      } catch (error) {
        expect(isFault(error)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
