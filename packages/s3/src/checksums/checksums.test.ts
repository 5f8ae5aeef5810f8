import { createHash } from 'node:crypto';
import { checksumAlgorithms } from '@sealgate/core/ports';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBodyVerifier } from './body-verifier.ts';
import { createChecksum } from './checksum.ts';
import { combineChecksums, multipartEtag } from './combine.ts';
import { parseChecksumHeaders, parseUploadChecksum } from './headers.ts';
import { CRC32_POLYNOMIAL, CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL } from './polynomials.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const crcs = [
  ['CRC32', CRC32_POLYNOMIAL, 32n],
  ['CRC32C', CRC32C_POLYNOMIAL, 32n],
  ['CRC64NVME', CRC64NVME_POLYNOMIAL, 64n],
] as const;

function sum(algorithm: (typeof checksumAlgorithms)[number], ...pieces: readonly Uint8Array[]): Buffer {
  const checksum = createChecksum(algorithm);
  for (const piece of pieces) checksum.update(piece);
  return checksum.digest();
}

/** Bit by bit, from the definition. */
function reference(data: Uint8Array, polynomial: bigint, width: bigint): string {
  const ones = (1n << width) - 1n;
  let register = ones;
  for (const byte of data) {
    register ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n;
  }
  return (register ^ ones).toString(16).padStart(Number(width / 4n), '0');
}

describe('checksums', () => {
  // Check values of the catalogue of parametrised CRC algorithms, and what the reference implementations of the others say.
  test.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
    [
      'SHA512',
      'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
    ],
    ['MD5', '25f9e794323b453885f5181f1b624d0b'],
    ['XXHASH64', '8cb841db40e6ae83'],
    ['XXHASH3', '72dcb18b67a17dff'],
    ['XXHASH128', '33119477ede5dcd5e9716427681d5860'],
  ] as const)('%s of 123456789', (algorithm, expected) => {
    expect(sum(algorithm, Buffer.from('123456789')).toString('hex')).toBe(expected);
    expect(sum(algorithm).toString('hex')).toBe(sum(algorithm, Buffer.alloc(0)).toString('hex'));
  });

  test.each(crcs)('%s is what its definition says, however the bytes are cut', (algorithm, polynomial, width) => {
    fc.assert(
      fc.property(bytes, fc.nat(300), (data, at) => {
        const digest = sum(algorithm, data.subarray(0, at), data.subarray(at)).toString('hex');
        expect(digest).toBe(reference(data, polynomial, width));
      }),
    );
  });

  test('longer than the page that the kernel takes at a time', () => {
    const data = Buffer.alloc(200_001, 'sealgate');
    const pieces = Array.from({ length: 30 }, (_, i) => data.subarray(i * 7000, (i + 1) * 7000));
    for (const [algorithm] of crcs) expect(sum(algorithm, data)).toEqual(sum(algorithm, ...pieces));
  });

  // Longer than the stripes that XXH3 takes at a time; the values are those of its reference implementation in C.
  test.each([
    ['XXHASH64', 'a6833d648fd6a332'],
    ['XXHASH3', 'b418500fc42320ee'],
    ['XXHASH128', 'b92ec02c39d33ce7b418500fc42320ee'],
  ] as const)('%s of what comes in pieces', (algorithm, expected) => {
    const data = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
    expect(sum(algorithm, data.subarray(0, 7), data.subarray(7, 3001), data.subarray(3001)).toString('hex')).toBe(
      expected,
    );
  });

  test.each(checksumAlgorithms)('two of %s at once do not disturb each other', (algorithm) => {
    const [a, b] = [createChecksum(algorithm), createChecksum(algorithm)];
    a.update(Buffer.from('1234'));
    b.update(Buffer.from('zzzz'));
    a.update(Buffer.from('56789'));
    expect(a.digest()).toEqual(sum(algorithm, Buffer.from('123456789')));
    expect(b.digest()).toEqual(sum(algorithm, Buffer.from('zzzz')));
  });
});

describe('checksums of parts', () => {
  test.each(crcs)('%s of the whole out of those of the parts', (algorithm) => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 6 }), (parts) => {
        const pieces = parts.map((part) => ({ value: sum(algorithm, part).toString('base64'), bytes: part.length }));
        expect(combineChecksums(algorithm, 'FULL_OBJECT', pieces)).toBe(sum(algorithm, ...parts).toString('base64'));
      }),
    );
  });

  test('a part of more than 4 GiB counts its bytes right', () => {
    const combine = (...pieces: readonly { value: string; bytes: number }[]): string =>
      combineChecksums('CRC64NVME', 'FULL_OBJECT', pieces);
    const piece = (text: string): { value: string; bytes: number } => ({
      value: sum('CRC64NVME', Buffer.from(text)).toString('base64'),
      bytes: text.length,
    });
    // 2^33 bytes by doubling, then behind another part in one step and in two.
    let half = piece('a');
    for (let i = 0; i < 32; i += 1) half = { value: combine(half, half), bytes: half.bytes * 2 };
    const whole = { value: combine(half, half), bytes: half.bytes * 2 };
    expect(whole.bytes).toBe(2 ** 33);
    expect(combine(piece('first'), whole)).toBe(combine(piece('first'), half, half));
  });

  test.each(checksumAlgorithms)('composite %s is the checksum of the checksums', (algorithm) => {
    const digests = ['a', 'b'].map((text) => sum(algorithm, Buffer.from(text)));
    const pieces = digests.map((digest) => ({ value: digest.toString('base64'), bytes: 1 }));
    expect(combineChecksums(algorithm, 'COMPOSITE', pieces)).toBe(sum(algorithm, ...digests).toString('base64'));
  });

  test('a hash cannot be combined, a bad value is refused', () => {
    expect(() => combineChecksums('SHA1', 'FULL_OBJECT', [])).toThrow('FULL_OBJECT checksum type cannot be used');
    expect(() => combineChecksums('CRC32', 'COMPOSITE', [{ value: 'AA==', bytes: 1 }])).toThrow('no valid CRC32');
  });

  test('ETag of a multipart object', () => {
    const etags = ['a', 'b'].map((text) => createHash('md5').update(text).digest('hex'));
    const joined = createHash('md5')
      .update(Buffer.from(etags.join(''), 'hex'))
      .digest('hex');
    expect(multipartEtag(etags)).toBe(`${joined}-2`);
  });
});

describe('integrity headers', () => {
  test('are read', () => {
    expect(parseChecksumHeaders({})).toEqual({});
    expect(parseChecksumHeaders({ 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }).md5).toHaveLength(16);
    expect(parseChecksumHeaders({ 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-type': 'FULL_OBJECT' })).toEqual({
      checksum: { algorithm: 'CRC32', value: 'AAAAAA==' },
    });
    expect(
      parseChecksumHeaders({
        'x-amz-trailer': 'x-amz-checksum-crc64nvme',
        'x-amz-sdk-checksum-algorithm': 'CRC64NVME',
      }),
    ).toEqual({ checksum: { algorithm: 'CRC64NVME' } });
  });

  test.each([
    [{ 'content-md5': 'rubbish' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [{ 'content-md5': '' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [{ 'x-amz-checksum-crc32': 'AAAA' }, 'BadDigest', 'Value for x-amz-checksum-crc32 header is invalid.'],
    [{ 'x-amz-checksum-blake3': 'AAAA' }, 'InvalidRequest', 'The algorithm type you specified'],
    [
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
      'InvalidRequest',
      'Expecting a single',
    ],
    [
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      'InvalidRequest',
      'Expecting a single',
    ],
    [{ 'x-amz-trailer': 'x-amz-meta-a' }, 'InvalidRequest', 'x-amz-trailer header is not supported'],
    [{ 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest', 'but no corresponding'],
    [{ 'x-amz-sdk-checksum-algorithm': 'MD4' }, 'InvalidRequest', 'x-amz-sdk-checksum-algorithm header is invalid'],
    [
      { 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': 'AAAAAA==' },
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm header is invalid',
    ],
  ])('%j is refused', (headers, code, message) => {
    expect(() => parseChecksumHeaders(headers as unknown as Record<string, string>)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });

  test('of a new upload', () => {
    const parse = (algorithm?: string, type?: string): unknown =>
      parseUploadChecksum({ 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type });
    expect(parse()).toBeUndefined();
    expect(parse('crc32')).toEqual({ algorithm: 'CRC32', type: 'COMPOSITE' });
    expect(parse('CRC64NVME')).toEqual({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' });
    expect(parse('CRC32C', 'FULL_OBJECT')).toEqual({ algorithm: 'CRC32C', type: 'FULL_OBJECT' });
    for (const [algorithm, type] of [
      ['MD4'],
      ['SHA1', 'FULL_OBJECT'],
      ['XXHASH3', 'FULL_OBJECT'],
      ['CRC64NVME', 'COMPOSITE'],
      ['CRC32', 'X'],
      [undefined, 'COMPOSITE'],
    ]) {
      expect(() => parse(algorithm, type)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
    }
  });
});

describe('a body', () => {
  const body = Buffer.from('123456789');
  const verify = (
    options: Partial<Parameters<typeof createBodyVerifier>[0]>,
    trailers?: Map<string, string>,
  ): unknown => {
    const verifier = createBodyVerifier({ expected: {}, payload: { kind: 'unsigned' }, ...options });
    verifier.update(body.subarray(0, 4));
    verifier.update(body.subarray(4));
    return verifier.finish(trailers);
  };
  const sha256 = sum('SHA256', body);

  test('gives its digests', () => {
    const md5 = createHash('md5').update(body).digest();
    expect(verify({})).toEqual({ md5, checksum: null });
    expect(verify({ algorithm: 'CRC32' })).toMatchObject({
      checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==', type: 'FULL_OBJECT' },
    });
    const signed = { payload: { kind: 'signed', sha256: sha256.toString('hex') } } as const;
    expect(verify({ ...signed, algorithm: 'SHA256' })).toMatchObject({
      checksum: { value: sha256.toString('base64') },
    });
    expect(verify({ ...signed, algorithm: 'CRC32' })).toMatchObject({ checksum: { algorithm: 'CRC32' } });
    expect(verify({ ...signed, algorithm: 'MD5' })).toMatchObject({ checksum: { value: md5.toString('base64') } });
    expect(verify({ expected: { md5, checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==' } } })).toBeTruthy();
    const trailing = { expected: { checksum: { algorithm: 'CRC32' } } } as const;
    expect(verify(trailing, new Map([['x-amz-checksum-crc32', 'y/Q5Jg==']]))).toBeTruthy();
  });

  test.each([
    [{ expected: { md5: Buffer.alloc(16) } }, 'BadDigest', 'The Content-MD5 you specified did not match'],
    [{ payload: { kind: 'signed', sha256: '0'.repeat(64) } }, 'XAmzContentSHA256Mismatch', 'does not match'],
    [
      { expected: { checksum: { algorithm: 'CRC32', value: 'AAAAAA==' } } },
      'BadDigest',
      'The CRC32 you specified did not',
    ],
    [{ expected: { checksum: { algorithm: 'CRC32' } } }, 'MalformedTrailerError', 'did not come'],
  ] as const)('%j is refused', (options, code, message) => {
    expect(() => verify(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });

  test('a trailer that is no checksum', () => {
    const trailing = { expected: { checksum: { algorithm: 'CRC32' } } } as const;
    expect(() => verify(trailing, new Map([['x-amz-checksum-crc32', '!']]))).toThrow('trailing header is invalid');
  });
});
