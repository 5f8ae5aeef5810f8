import { describe, expect, test } from 'vitest';
import {
  parseCompleteMultipartUploadResult,
  parseDeleteResult,
  parseErrorResponse,
  parseInitiateMultipartUploadResult,
  parseListBucketResult,
  parseListBucketsResult,
  parseListPartsResult,
  parseListVersionsResult,
  parseLocationConstraint,
  parseVersioningStatus,
} from './client.ts';
import { listAllMyBucketsResult, listBucketResultV1, listBucketResultV2, listVersionsResult } from './listings.ts';
import {
  copyObjectResult,
  copyPartResult,
  deleteResult,
  getObjectAttributesOutput,
  locationConstraint,
  taggingResult,
  versioningConfiguration,
} from './results.ts';
import {
  completeMultipartUploadResult,
  initiateMultipartUploadResult,
  listMultipartUploadsResult,
  listPartsResult,
} from './uploads.ts';

const modifiedAtMs = Date.UTC(2026, 10, 21, 12, 30, 45, 678);
const owner = { id: 'f'.repeat(64), displayName: 'acme' };
const entry = { key: 'a b/ü&', modifiedAtMs, etag: 'abc-2', bytes: 12, storageClass: 'STANDARD' };
const checksum = { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' } as const;
const listing = { bucket: 'b', prefix: 'p/', delimiter: '/', maxKeys: 2, truncated: true, commonPrefixes: ['p/ü/'] };

/** One element a line, so that a difference shows where it is. */
const lines = (document: string): string[] => document.replaceAll('><', '>\n<').split('\n');

describe('documents, element for element', () => {
  test.each([
    [
      'ListObjects',
      listBucketResultV1({ ...listing, marker: '', nextMarker: 'p/ü/', contents: [{ ...entry, owner }] }),
    ],
    [
      'ListObjects, encoded',
      listBucketResultV1({ ...listing, encodingType: 'url', marker: 'm ', contents: [{ ...entry, checksum }] }),
    ],
    [
      'ListObjectsV2',
      listBucketResultV2({
        ...listing,
        startAfter: 'ü',
        continuationToken: 't',
        nextContinuationToken: 'n+/=',
        contents: [entry],
      }),
    ],
    [
      'ListObjectsV2, empty',
      listBucketResultV2({
        bucket: 'b',
        prefix: '',
        maxKeys: 1000,
        truncated: false,
        commonPrefixes: [],
        contents: [],
      }),
    ],
    [
      'ListObjectVersions',
      listVersionsResult({
        ...listing,
        keyMarker: 'k',
        versionIdMarker: 'v',
        nextKeyMarker: 'nk',
        nextVersionIdMarker: 'nv',
        versions: [
          { ...entry, kind: 'version', versionId: '1', latest: true, owner },
          { kind: 'delete-marker', key: 'd', versionId: '2', latest: false, modifiedAtMs, owner },
        ],
      }),
    ],
    [
      'ListBuckets',
      listAllMyBucketsResult({
        owner,
        buckets: [{ name: 'b', createdAtMs: modifiedAtMs, region: 'eu' }],
        prefix: 'p',
        continuationToken: 'c',
      }),
    ],
    ['CreateMultipartUpload', initiateMultipartUploadResult({ bucket: 'b', key: 'k<', uploadId: 'u' })],
    [
      'CompleteMultipartUpload',
      completeMultipartUploadResult({ location: 'http://h/b/k', bucket: 'b', key: 'k', etag: 'e-1', checksum }),
    ],
    [
      'ListParts',
      listPartsResult({
        bucket: 'b',
        key: 'k',
        uploadId: 'u',
        initiator: owner,
        owner,
        storageClass: 'STANDARD',
        partNumberMarker: 0,
        nextPartNumberMarker: 1,
        maxParts: 1,
        truncated: true,
        checksumAlgorithm: 'CRC32',
        checksumType: 'FULL_OBJECT',
        parts: [{ partNumber: 1, modifiedAtMs, etag: 'e', bytes: 5, checksum }],
      }),
    ],
    [
      'ListMultipartUploads',
      listMultipartUploadsResult({
        bucket: 'b',
        keyMarker: '',
        uploadIdMarker: '',
        nextKeyMarker: 'k ',
        nextUploadIdMarker: 'u',
        prefix: '',
        delimiter: '/',
        encodingType: 'url',
        maxUploads: 1,
        truncated: true,
        uploads: [
          { key: 'k ', uploadId: 'u', initiator: owner, owner, storageClass: 'STANDARD', initiatedAtMs: modifiedAtMs },
        ],
        commonPrefixes: ['x /'],
      }),
    ],
    ['CopyObject', copyObjectResult({ etag: 'e', modifiedAtMs, checksum })],
    ['UploadPartCopy', copyPartResult({ etag: 'e', modifiedAtMs })],
    [
      'DeleteObjects',
      deleteResult({
        deleted: [{ key: 'a', versionId: 'v', deleteMarker: true, deleteMarkerVersionId: 'm' }, { key: 'b' }],
        errors: [{ key: 'c', code: 'AccessDenied', message: 'Access Denied' }],
      }),
    ],
    ['GetBucketLocation', locationConstraint('eu-sovereign-1')],
    ['GetBucketVersioning', versioningConfiguration('Enabled')],
    ['GetBucketVersioning, never', versioningConfiguration(undefined)],
    ['GetObjectTagging', taggingResult([{ key: 'k', value: 'v' }])],
    [
      'GetObjectAttributes',
      getObjectAttributesOutput({
        etag: 'e',
        checksum,
        parts: {
          partsCount: 2,
          page: {
            partNumberMarker: 0,
            nextPartNumberMarker: 1,
            maxParts: 1,
            truncated: true,
            parts: [{ partNumber: 1, bytes: 5, checksum }],
          },
        },
        storageClass: 'STANDARD',
        objectSize: 9,
      }),
    ],
  ])('%s', (_, document) => {
    expect(lines(document)).toMatchSnapshot();
  });
});

describe('our own clients read our answers', () => {
  test('listings', () => {
    for (const encodingType of ['url', undefined] as const) {
      const first = listBucketResultV1({ ...listing, encodingType, marker: '', nextMarker: 'ü ', contents: [entry] });
      expect(parseListBucketResult(first)).toEqual({
        objects: [{ ...entry, modifiedAtMs: Math.floor(modifiedAtMs / 1000) * 1000 }],
        commonPrefixes: ['p/ü/'],
        truncated: true,
        nextMarker: 'ü ',
      });
    }
    const second = listBucketResultV2({ ...listing, nextContinuationToken: 'n', contents: [] });
    expect(parseListBucketResult(second)).toMatchObject({ nextContinuationToken: 'n', objects: [] });
    expect(() => parseListBucketResult(second.replace('<IsTruncated>true', '<IsTruncated>x'))).toThrow(
      'not well-formed',
    );
  });

  test('versions', () => {
    const document = listVersionsResult({
      ...listing,
      encodingType: 'url',
      keyMarker: '',
      versionIdMarker: '',
      nextKeyMarker: 'ü',
      nextVersionIdMarker: 'v',
      versions: [
        { ...entry, kind: 'version', versionId: '1', latest: true },
        { kind: 'delete-marker', key: 'd', versionId: '2', latest: false, modifiedAtMs },
      ],
    });
    expect(parseListVersionsResult(document)).toEqual({
      versions: [
        { key: entry.key, versionId: '1', deleteMarker: false, latest: true },
        { key: 'd', versionId: '2', deleteMarker: true, latest: false },
      ],
      truncated: true,
      nextKeyMarker: 'ü',
      nextVersionIdMarker: 'v',
    });
  });

  test('buckets', () => {
    const buckets = [{ name: 'b', createdAtMs: 1000 }];
    expect(parseListBucketsResult(listAllMyBucketsResult({ owner, buckets }))).toEqual(buckets);
  });

  test('uploads', () => {
    expect(
      parseInitiateMultipartUploadResult(initiateMultipartUploadResult({ bucket: 'b', key: 'k', uploadId: 'u' })),
    ).toBe('u');
    const done = completeMultipartUploadResult({ location: 'l', bucket: 'b', key: 'k', etag: 'e-1' });
    expect(parseCompleteMultipartUploadResult(Buffer.from(`  \n${done}`))).toEqual({ ok: true, etag: 'e-1' });
    const failed = '<Error><Code>InternalError</Code><Message>m</Message></Error>';
    expect(parseCompleteMultipartUploadResult(failed)).toEqual({
      ok: false,
      error: { code: 'InternalError', message: 'm' },
    });
    const parts =
      '<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>3</PartNumber><ETag>"e"</ETag><Size>5</Size></Part></ListPartsResult>';
    expect(parseListPartsResult(parts)).toEqual({
      parts: [{ partNumber: 3, etag: 'e', bytes: 5 }],
      truncated: false,
      nextPartNumberMarker: 3,
    });
  });

  test('the rest', () => {
    const errors = [{ key: 'c', code: 'AccessDenied', message: 'm' }];
    expect(parseDeleteResult(deleteResult({ deleted: [], errors }))).toEqual(errors);
    expect(parseLocationConstraint(locationConstraint(''))).toBe('us-east-1');
    expect(parseLocationConstraint(locationConstraint('eu'))).toBe('eu');
    expect(parseVersioningStatus(versioningConfiguration('Suspended'))).toBe('Suspended');
    expect(parseVersioningStatus(versioningConfiguration(undefined))).toBeUndefined();
  });

  test.each(['', '<html>502</html>', '<Error', '{}'])('%j is no error document', (body) => {
    expect(parseErrorResponse(body)).toBeUndefined();
  });
});
