import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completeMultipartUploadRequest, createBucketRequest, deleteRequest, versioningRequest } from './client.ts';
import {
  parseCompleteMultipartUpload,
  parseCreateBucketConfiguration,
  parseDelete,
  parseTagging,
  parseVersioningConfiguration,
} from './requests.ts';
import { taggingResult } from './results.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

describe('CreateBucketConfiguration', () => {
  test('is read', () => {
    expect(parseCreateBucketConfiguration('')).toEqual({ tags: [] });
    expect(parseCreateBucketConfiguration(createBucketRequest('FI,DE'))).toEqual({
      locationConstraint: 'FI,DE',
      tags: [],
    });
    expect(parseCreateBucketConfiguration(`<CreateBucketConfiguration ${NS}/>`)).toEqual({ tags: [] });
    const tagged =
      '<CreateBucketConfiguration><Tags><Tag><Value>v</Value><Key>k</Key></Tag></Tags></CreateBucketConfiguration>';
    expect(parseCreateBucketConfiguration(tagged).tags).toEqual([{ key: 'k', value: 'v' }]);
  });

  test('unknown elements are refused', () => {
    expect(() => parseCreateBucketConfiguration('<CreateBucketConfiguration><X/></CreateBucketConfiguration>')).toThrow(
      code('MalformedXML'),
    );
  });
});

describe('Delete', () => {
  test('is read, in any order and with blanks', () => {
    const body = `<Delete ${NS}> <Quiet>true</Quiet>
      <Object><VersionId>v</VersionId><Key> a&amp;b </Key></Object>
      <Object><Key>c</Key><ETag>"e"</ETag><Size>5</Size><LastModifiedTime>t</LastModifiedTime></Object></Delete>`;
    expect(parseDelete(body)).toEqual({
      quiet: true,
      objects: [
        { key: ' a&b ', versionId: 'v' },
        { key: 'c', etag: 'e', size: 5, lastModifiedTime: 't' },
      ],
    });
  });

  test('one to a thousand objects', () => {
    const objects = (count: number): string =>
      deleteRequest(Array.from({ length: count }, (_, i) => ({ key: `k${i}` })));
    expect(parseDelete(objects(1000)).objects).toHaveLength(1000);
    expect(() => parseDelete(objects(1001))).toThrow(code('MalformedXML'));
    expect(() => parseDelete(objects(0))).toThrow(code('MalformedXML'));
  });

  test.each([
    '<Delete><Object/></Delete>',
    '<Delete><Object><Key>k</Key><If>x</If></Object></Delete>',
    '<Delete><Object><Key>k</Key></Object><Quiet>maybe</Quiet></Delete>',
    '<Delete><Object><Key>k</Key><Size>many</Size></Object></Delete>',
    '<Delete><Key>k</Key></Delete>',
  ])('%s is refused', (body) => {
    expect(() => parseDelete(body)).toThrow(code('MalformedXML'));
  });
});

describe('CompleteMultipartUpload', () => {
  test('is read', () => {
    const checksums = { CRC32: 'AAAAAA==' } as const;
    const body = completeMultipartUploadRequest([
      { partNumber: 1, etag: 'a' },
      { partNumber: 10_000, etag: 'b', checksums },
    ]);
    expect(parseCompleteMultipartUpload(body)).toEqual([
      { partNumber: 1, etag: 'a', checksums: {} },
      { partNumber: 10_000, etag: 'b', checksums },
    ]);
    const bare =
      '<CompleteMultipartUpload><Part><PartNumber> 2 </PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>';
    expect(parseCompleteMultipartUpload(bare)).toEqual([{ partNumber: 2, etag: 'a', checksums: {} }]);
  });

  const body = (...parts: readonly string[]): string =>
    `<CompleteMultipartUpload>${parts.map((part) => `<Part>${part}</Part>`).join('')}</CompleteMultipartUpload>`;
  const part = (partNumber: string): string => `<PartNumber>${partNumber}</PartNumber><ETag>e</ETag>`;

  test.each([
    [body(), 'MalformedXML'],
    [body('<PartNumber>1</PartNumber>'), 'MalformedXML'],
    [body('<ETag>e</ETag>'), 'MalformedXML'],
    [body(part('one')), 'MalformedXML'],
    [body(part('0')), 'InvalidArgument'],
    [body(part('10001')), 'InvalidArgument'],
    [body(part('2'), part('1')), 'InvalidPartOrder'],
    [body(part('1'), part('1')), 'InvalidPartOrder'],
    ['<CompleteMultipartUpload><X/></CompleteMultipartUpload>', 'MalformedXML'],
    ['', 'MissingRequestBodyError'],
  ])('%s is %s', (text, expected) => {
    expect(() => parseCompleteMultipartUpload(text)).toThrow(code(expected));
  });

  test('ten thousand parts with every checksum fit the limits', () => {
    const checksums = { CRC32: 'AAAAAA==', CRC64NVME: 'AAAAAAAAAAA=', SHA256: 'A'.repeat(44) } as const;
    const parts = Array.from({ length: 10_000 }, (_, i) => ({ partNumber: i + 1, etag: 'e'.repeat(32), checksums }));
    expect(parseCompleteMultipartUpload(completeMultipartUploadRequest(parts))).toHaveLength(10_000);
  });
});

test('VersioningConfiguration', () => {
  expect(parseVersioningConfiguration(versioningRequest('Enabled'))).toEqual({ status: 'Enabled', mfaDelete: false });
  const withMfa =
    '<VersioningConfiguration><MfaDelete>Enabled</MfaDelete><Status>Suspended</Status></VersioningConfiguration>';
  expect(parseVersioningConfiguration(withMfa)).toEqual({ status: 'Suspended', mfaDelete: true });
  expect(() => parseVersioningConfiguration('<VersioningConfiguration/>')).toThrow(
    code('IllegalVersioningConfigurationException'),
  );
  expect(() =>
    parseVersioningConfiguration('<VersioningConfiguration><Status>On</Status></VersioningConfiguration>'),
  ).toThrow(code('MalformedXML'));
});

describe('Tagging', () => {
  test('is read', () => {
    const tags = [
      { key: 'a', value: '1' },
      { key: 'b', value: '' },
    ];
    expect(parseTagging(taggingResult(tags), 'object')).toEqual(tags);
    expect(parseTagging('<Tagging><TagSet/></Tagging>', 'object')).toEqual([]);
  });

  test('ten tags of an object, fifty of a bucket', () => {
    const tags = (count: number): string =>
      taggingResult(Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: '' })));
    expect(parseTagging(tags(10), 'object')).toHaveLength(10);
    expect(() => parseTagging(tags(11), 'object')).toThrow(code('InvalidTag'));
    expect(parseTagging(tags(50), 'bucket')).toHaveLength(50);
    expect(() => parseTagging(tags(51), 'bucket')).toThrow(code('InvalidTag'));
  });

  test.each([
    '<Tagging/>',
    '<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>',
    '<Tagging><TagSet><X/></TagSet></Tagging>',
  ])('%s is refused', (body) => {
    expect(() => parseTagging(body, 'object')).toThrow(code('MalformedXML'));
  });
});

test('fuzz: only a Fault comes out of any of them', () => {
  const names = [
    'Delete',
    'Object',
    'Key',
    'Quiet',
    'CompleteMultipartUpload',
    'Part',
    'PartNumber',
    'ETag',
    'Tagging',
    'TagSet',
    'Tag',
    'Value',
    'Status',
  ];
  const tree = fc.letrec<{ node: string }>((tie) => ({
    node: fc
      .tuple(
        fc.constantFrom(...names),
        fc.oneof(
          { maxDepth: 3 },
          fc.constantFrom('', '1', '-1', 'true', 'Enabled'),
          fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
        ),
      )
      .map(([name, inner]) => `<${name}>${inner}</${name}>`),
  })).node;
  const parsers = [
    parseDelete,
    parseCompleteMultipartUpload,
    parseCreateBucketConfiguration,
    parseVersioningConfiguration,
    (body: string) => parseTagging(body, 'object'),
  ];
  fc.assert(
    fc.property(tree, (body) => {
      for (const parse of parsers) {
        try {
          parse(body);
        } catch (error) {
          expect(isFault(error)).toBe(true);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
