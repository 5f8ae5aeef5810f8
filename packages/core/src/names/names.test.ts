import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import {
  type BlobId,
  decodeVersionId,
  encodeVersionId,
  formatBlobId,
  newBlobId,
  parseAccessKeyId,
  parseBackendId,
  parseBlobId,
  parseBucketName,
  parseObjectKey,
  parseTenantId,
  parseTenantName,
  physicalBucketName,
} from './index.ts';

/** What the parser says: the text itself, or the code of its fault. */
function verdict(parse: (text: string) => string, text: string): string {
  try {
    return parse(text);
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
}

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ maxLength: 1200, size: 'max' }));

describe('every parser', () => {
  it.each([
    ['parseBucketName', parseBucketName, ['InvalidBucketName']],
    ['parseObjectKey', parseObjectKey, ['InvalidURI', 'KeyTooLongError']],
    ['parseBackendId', parseBackendId, ['ValidationFailed']],
    ['parseTenantId', parseTenantId, ['ValidationFailed']],
    ['parseTenantName', parseTenantName, ['ValidationFailed']],
    ['parseAccessKeyId', parseAccessKeyId, ['InvalidAccessKeyId']],
    ['parseBlobId', parseBlobId, ['ValidationFailed']],
  ] as const)('%s answers the text itself or its own fault', (_name, parse, faults) => {
    fc.assert(fc.property(anyText, (text) => [text, ...faults].includes(verdict(parse, text))));
  });
});

describe('a bucket name', () => {
  it.each(['abc', 'a-b', 'a.b.c', '123', '1.2.3', 'x'.repeat(63), 'my-bucket-2026', '192.168.5', 'a.b-c'])(
    '%s is valid',
    (name) => {
      expect(parseBucketName(name)).toBe(name);
    },
  );

  it.each([
    '',
    'ab',
    'x'.repeat(64),
    'Abc',
    'a_b',
    '-abc',
    'abc-',
    '.abc',
    'abc.',
    'a..b',
    'a.-b',
    'a-.b',
    '192.168.5.4',
    'xn--abc',
    'sthree-abc',
    'amzn-s3-demo-x',
    'abc-s3alias',
    'abc--ol-s3',
    'abc.mrap',
    'abc--x-s3',
    'abc--table-s3',
    '../etc',
    'a/b',
    'abc\n',
    'äbc',
  ])('%j is not', (name) => {
    expect(verdict(parseBucketName, name)).toBe('InvalidBucketName');
  });
});

describe('an object key', () => {
  it('has at most 1024 bytes, counted as UTF-8', () => {
    expect(parseObjectKey('x'.repeat(1024))).toHaveLength(1024);
    expect(verdict(parseObjectKey, 'x'.repeat(1025))).toBe('KeyTooLongError');
    expect(parseObjectKey('ä'.repeat(512))).toHaveLength(512);
    expect(verdict(parseObjectKey, 'ä'.repeat(513))).toBe('KeyTooLongError');
    expect(parseObjectKey('🚀'.repeat(256))).toHaveLength(512);
    expect(verdict(parseObjectKey, '🚀'.repeat(257))).toBe('KeyTooLongError');
  });

  it.each(['../../etc/passwd', '/', '//a', '.', ' ', '\u0001', 'a\r\nb', '\u{10ffff}'])('%j is one', (key) => {
    expect(parseObjectKey(key)).toBe(key);
  });

  it.each(['', 'a\0b', '\ud800', 'a\udc00b'])('%j is none', (key) => {
    expect(verdict(parseObjectKey, key)).toBe('InvalidURI');
  });
});

describe('other names', () => {
  it.each([
    [parseBackendId, ['a', 'A_b-9', 'x'.repeat(63)], ['', '_a', '-a', 'a.b', 'a/b', 'x'.repeat(64), 'a\n']],
    [parseTenantName, ['a', 'Acme.Inc', 'a$b', 'x'.repeat(63)], ['', '.a', 'a.', 'a b', 'x'.repeat(64), 'a:b', 'a\n']],
    [parseAccessKeyId, ['abc', 'AKIAIOSFODNN7EXAMPLE', 'x'.repeat(128)], ['', 'ab', 'a b c', 'x'.repeat(129), 'abc\n']],
    [
      parseTenantId,
      ['123e4567-e89b-12d3-a456-426614174000'],
      ['', '123E4567-e89b-12d3-a456-426614174000', '123e4567e89b12d3a456426614174000'],
    ],
  ] as const)('%o', (parse, good, bad) => {
    for (const text of good) expect(parse(text)).toBe(text);
    for (const text of bad) expect(['ValidationFailed', 'InvalidAccessKeyId']).toContain(verdict(parse, text));
  });
});

describe('a physical bucket name', () => {
  const named = (tenant: string, region: string, bucket: string, backend: string, counter: number): string =>
    physicalBucketName({ tenant, region, bucket, backend, counter });

  it.each([
    ['acme', 'eu', 'reports', 'spacetime-hki', 0, 's3gw-1de9ccab01fafe81-spacetim'],
    ['acme', 'eu', 'reports', 'UpCloud_FI', 0, 's3gw-6b3d6587d4472e11-upcloud'],
    ['Ünï', 'eu', 'a.b', 'x', 3, 's3gw-8d93247eeff974d1-x'],
  ] as const)('%s:%s:%s:%s:%i is %s', (tenant, region, bucket, backend, counter, name) => {
    expect(named(tenant, region, bucket, backend, counter)).toBe(name);
  });

  it('is the published hash, and always a name that S3 takes', () => {
    const counter = fc.nat();
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), counter, (tenant, region, bucket, backend, n) => {
        const name = named(tenant, region, bucket, backend, n);
        expect(parseBucketName(name)).toBe(name);
        const hash = createHash('sha256').update(`${tenant}:${region}:${bucket}:${backend}:${n}`).digest('hex');
        expect(name.startsWith(`s3gw-${hash.slice(0, 16)}`)).toBe(true);
      }),
    );
  });

  it.each(['', '___', '---'])('of the backend %j still has a name', (backend) => {
    expect(named('t', 'r', 'b', backend, 0)).toMatch(/^s3gw-[0-9a-f]{16}(-backend)?$/);
  });
});

describe('a blob id', () => {
  const at = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

  it('is a UUIDv7 that carries its time', () => {
    fc.assert(
      fc.property(at, bytes, (nowMs, random) => {
        const id = newBlobId(nowMs, () => random);
        expect(parseBlobId(id)).toBe(id);
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(nowMs);
      }),
    );
    expect(newBlobId(0x019ab2c45d6e, () => new Uint8Array(10))).toBe('019ab2c4-5d6e-7000-8000-000000000000');
    expect(newBlobId(1, () => new Uint8Array(10).fill(255))).toBe('00000000-0001-7fff-bfff-ffffffffffff');
  });

  it('ascends with time and never repeats', () => {
    fc.assert(
      fc.property(at, at, (a, b) => {
        if (a === b) return;
        expect(newBlobId(a) < newBlobId(b)).toBe(a < b);
      }),
    );
    expect(new Set(Array.from({ length: 1000 }, () => newBlobId(0))).size).toBe(1000);
  });

  it('is formatted from any view of its bytes', () => {
    const buffer = new Uint8Array(20).map((_, i) => i);
    expect(formatBlobId(buffer.subarray(2, 18))).toBe('02030405-0607-0809-0a0b-0c0d0e0f1011');
  });

  it.each([
    '019ab2c4-5d6e-4000-8000-000000000000',
    '019ab2c4-5d6e-7000-c000-000000000000',
    '019AB2C4-5d6e-7000-8000-000000000000',
    '019ab2c45d6e70008000000000000000',
  ])('%s is none', (text) => {
    expect(verdict(parseBlobId, text)).toBe('ValidationFailed');
  });
});

describe('a version id', () => {
  const seqs = fc.bigInt({ min: 1n, max: (1n << 63n) - 1n });
  const blobIds = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((all) => formatBlobId(all));

  it('gives back its sequence and the tail of its blob', () => {
    fc.assert(
      fc.property(seqs, blobIds, (seq, blobId) => {
        const id = encodeVersionId(seq, blobId);
        expect(id).toMatch(/^[0-9a-z]{29}$/);
        expect(decodeVersionId(id)).toEqual({ seq, blobTail: blobId.replaceAll('-', '').slice(16) });
      }),
    );
  });

  it('sorts as its sequence does', () => {
    fc.assert(
      fc.property(seqs, seqs, blobIds, blobIds, (a, b, first, second) => {
        if (a === b) return;
        expect(encodeVersionId(a, first) < encodeVersionId(b, second)).toBe(a < b);
      }),
    );
  });

  it('has this form for ever', () => {
    const blobId = '019ab2c4-5d6e-7000-8123-456789abcdef' as BlobId;
    expect(encodeVersionId(1n, blobId)).toBe('00000000000018123456789abcdef');
    expect(encodeVersionId((1n << 63n) - 1n, blobId)).toBe('7zzzzzzzzzzzz8123456789abcdef');
  });

  it('of any text is one that encodes back to the text, or none', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from('0123456789abcdefghijklmnopqrstuvwxyzZ-')),
      minLength: 28,
      maxLength: 30,
    });
    fc.assert(
      fc.property(fc.oneof(letters, fc.string(), fc.constantFrom('null', '')), (text) => {
        const decoded = decodeVersionId(text);
        if (decoded === undefined) return;
        const blobId = `00000000-0000-0000-${decoded.blobTail.slice(0, 4)}-${decoded.blobTail.slice(4)}` as BlobId;
        expect(encodeVersionId(decoded.seq, blobId)).toBe(text);
      }),
    );
    expect(decodeVersionId('0'.repeat(29))).toBeUndefined();
    expect(decodeVersionId(`8${'0'.repeat(28)}`)).toBeUndefined();
  });
});
