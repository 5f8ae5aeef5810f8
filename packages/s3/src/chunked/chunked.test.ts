import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hmacKey } from '../sigv4/hmac.ts';
import { deriveSigningKey } from '../sigv4/signing-keys.ts';
import type { ChunkSigning } from '../sigv4/types.ts';
import vectors from '../sigv4/vectors/aws-examples.json' with { type: 'json' };
import { createChunkedDecoder, decodedContentLength } from './decoder.ts';
import { createChunkedEncoder, encodedLength } from './encoder.ts';
import { createChunkParser } from './parser.ts';
import { announcedTrailers, parseTrailer } from './trailer.ts';

const awsSigning = (seedSignature: string): ChunkSigning => ({
  seedSignature,
  signingKey: deriveSigningKey({
    secretAccessKey: vectors.secretAccessKey,
    scope: { date: '20130524', region: 'us-east-1', service: 's3' },
  }),
  scope: '20130524/us-east-1/s3/aws4_request',
  amzDate: '20130524T000000Z',
});

const signing: ChunkSigning = { ...awsSigning('0'.repeat(64)), signingKey: hmacKey(Buffer.alloc(32, 7)) };

interface Decode {
  readonly signing?: ChunkSigning | undefined;
  readonly trailerNames?: readonly string[];
  readonly trailer?: boolean;
  readonly decodedLength: number;
  readonly holdBytesMax?: number;
}

/** Feeds `body` in the given pieces and gives everything that came out. */
function decode(pieces: readonly Buffer[], options: Decode): { text: string; trailers: Record<string, string> } {
  const { trailerNames = [], trailer = trailerNames.length > 0 } = options;
  const parser = createChunkParser({ signing: undefined, ...options, trailer, trailerNames });
  const out: Buffer[] = [];
  for (const piece of pieces) parser.write(piece, (bytes) => out.push(bytes));
  return { trailers: Object.fromEntries(parser.end()), text: Buffer.concat(out).toString('latin1') };
}

const cut = (body: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.subarray(i * size, (i + 1) * size));

async function encode(body: Buffer, options: Parameters<typeof createChunkedEncoder>[0]): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(cut(body, 1000)), createChunkedEncoder(options), async (source) => {
    for await (const bytes of source as AsyncIterable<Buffer>) out.push(bytes);
  });
  return Buffer.concat(out);
}

const { plain, trailer: signedTrailer, lengths } = vectors.chunks;

function awsBody(signatures: readonly string[], tail: string): Buffer {
  const chunks = lengths.map((length, i) => {
    const data = length === 0 ? '' : `${'a'.repeat(length)}\r\n`;
    return `${length.toString(16)};chunk-signature=${signatures[i] ?? ''}\r\n${data}`;
  });
  return Buffer.from(chunks.join('') + tail);
}

const awsTrailer = `${signedTrailer.name}:${signedTrailer.value}\r\nx-amz-trailer-signature:${signedTrailer.signature}\r\n\r\n`;

describe('the examples that AWS publishes', () => {
  const options = { signing: awsSigning(plain.seed), decodedLength: 66_560 };
  const trailing = { ...options, signing: awsSigning(signedTrailer.seed), trailerNames: [signedTrailer.name] };

  test.each([1, 7, 1000, 65_536, 1_000_000])('in pieces of %i bytes', (size) => {
    const body = awsBody(plain.signatures, '\r\n');
    expect(body.length).toBe(66_824);
    expect(decode(cut(body, size), options).text).toBe('a'.repeat(66_560));
    const withTrailer = awsBody(signedTrailer.signatures, awsTrailer);
    expect(decode(cut(withTrailer, size), trailing)).toEqual({
      text: 'a'.repeat(66_560),
      trailers: { 'x-amz-checksum-crc32c': 'sOO8/Q==' },
    });
  });

  test('are what the encoder makes', async () => {
    const body = Buffer.alloc(66_560, 'a');
    expect(await encode(body, { signing: options.signing })).toEqual(awsBody(plain.signatures, '\r\n'));
    const trailer = { name: signedTrailer.name, value: () => signedTrailer.value };
    const encoded = await encode(body, { signing: trailing.signing, trailer });
    expect(encoded).toEqual(awsBody(signedTrailer.signatures, awsTrailer));
  });

  test('a line feed may end the trailing header, as in AWS’s own text', () => {
    const tail = awsTrailer.replace('==\r\n', '==\n\r\n');
    expect(decode([awsBody(signedTrailer.signatures, tail)], trailing).trailers).toHaveProperty(
      'x-amz-checksum-crc32c',
    );
  });

  test('a changed byte of a chunk never leaves', () => {
    const body = awsBody(plain.signatures, '\r\n');
    body[1000] = 0x62;
    const parser = createChunkParser({ ...options, trailer: false, trailerNames: [] });
    const out: Buffer[] = [];
    expect(() => {
      parser.write(body, (bytes) => out.push(bytes));
    }).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }));
    expect(out).toEqual([]);
  });

  test('a chunk too large to hold leaves before its end, and still fails', () => {
    const body = awsBody(plain.signatures, '\r\n');
    body[1000] = 0x62;
    const parser = createChunkParser({ ...options, trailer: false, trailerNames: [], holdBytesMax: 65_535 });
    const out: Buffer[] = [];
    expect(() => {
      for (const piece of cut(body, 10_000)) parser.write(piece, (bytes) => out.push(bytes));
    }).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }));
    expect(out.length).toBeGreaterThan(0);
  });
});

describe('what comes back is what went in', () => {
  const variant = fc.record({
    body: fc.uint8Array({ maxLength: 60_000, size: 'max' }).map((bytes) => Buffer.from(bytes)),
    chunkBytes: fc.integer({ min: 8192, max: 20_000 }),
    signed: fc.boolean(),
    withTrailer: fc.boolean(),
    piece: fc.integer({ min: 1, max: 9000 }),
  });

  test('signed or not, with and without a trailer, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(variant, async ({ body, chunkBytes, signed, withTrailer, piece }) => {
        const used = signed ? { signing } : {};
        const trailer = { name: 'x-amz-checksum-crc32', value: () => 'AAAAAA==' };
        const encoded = await encode(body, { ...used, chunkBytes, ...(withTrailer ? { trailer } : {}) });
        const sizes = withTrailer ? { trailer: { name: trailer.name, valueBytes: 8 } } : {};
        expect(encoded.length).toBe(encodedLength(body.length, { signed, chunkBytes, ...sizes }));
        const decoded = decode(cut(encoded, piece), {
          ...used,
          decodedLength: body.length,
          trailerNames: withTrailer ? [trailer.name] : [],
        });
        expect(Buffer.from(decoded.text, 'latin1').equals(body)).toBe(true);
        expect(Object.values(decoded.trailers)).toEqual(withTrailer ? ['AAAAAA=='] : []);
      }),
      { numRuns: 60 },
    );
  });

  test('a change of any byte of a signed body, or its end at any place, is refused by a Fault', async () => {
    const body = Buffer.alloc(9000, 'x');
    const trailer = { name: 'x-amz-checksum-crc32', value: () => 'AAAAAA==' };
    const encoded = await encode(body, { signing, chunkBytes: 8192, trailer });
    const options = { signing, decodedLength: body.length, trailerNames: [trailer.name] };
    const attempt = (bytes: Buffer): boolean => {
      try {
        decode([bytes], options);
        return true;
      } catch (error) {
        if (!isFault(error)) throw error;
        return false;
      }
    };
    // Line ends and blanks of the trailer may differ between SDKs; upper-case hex of a size is the same size.
    const meaning = (bytes: Buffer): string =>
      bytes
        .toString('latin1')
        .toLowerCase()
        .replace(/[\r\n\t ]/g, '');
    const mutation = fc.tuple(fc.nat(encoded.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(mutation, ([at, to]) => {
        const changed = Buffer.from(encoded);
        changed[at] = to;
        fc.pre(meaning(changed) !== meaning(encoded));
        expect(attempt(changed)).toBe(false);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.nat(encoded.length - 3), (length) => {
        expect(attempt(encoded.subarray(0, length))).toBe(false);
      }),
    );
  });
});

describe('refused', () => {
  const unsigned = { decodedLength: 3 };
  const withCode = (code: string): object => expect.objectContaining({ code }) as object;

  test.each([
    ['3\r\nabc\r\n0\r\n\r\n', undefined],
    ['3;ext=1\r\nabc\r\n0\r\n\r\n', undefined],
    ['3\r\nabc\r\n0\r\n', 'IncompleteBody'],
    ['3\r\nabc\r\n', 'IncompleteBody'],
    ['3\r\nab', 'IncompleteBody'],
    ['', 'IncompleteBody'],
    ['2\r\nab\r\n0\r\n\r\n', 'IncompleteBody'],
    ['4\r\nabcd\r\n0\r\n\r\n', 'IncompleteBody'],
    ['3\r\nabcd\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['3\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['x\r\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['-3\r\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['ffffffffffffffff\r\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['3\r\nabc\r\n0\r\n\r\nmore', 'InvalidChunkSizeError'],
    [`${'0'.repeat(2000)}3\r\nabc\r\n0\r\n\r\n`, 'InvalidChunkSizeError'],
  ])('%j', (body, code) => {
    const attempt = (): unknown => decode([Buffer.from(body)], unsigned);
    if (code === undefined) expect(attempt()).toMatchObject({ text: 'abc' });
    else expect(attempt).toThrow(withCode(code));
  });

  test('signed chunks below 8 KiB, but for the last', () => {
    const chunk = (size: number): string => `${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n`;
    const parser = createChunkParser({ signing, trailer: false, trailerNames: [], decodedLength: 200 });
    expect(() => {
      parser.write(Buffer.from(`${chunk(100)}${'a'.repeat(100)}`), () => undefined);
    }).toThrow(withCode('SignatureDoesNotMatch'));
    expect(() => decode([Buffer.from('3\r\nabc\r\n')], { signing, decodedLength: 3 })).toThrow('no chunk-signature');
  });

  test('the small chunk rule', async () => {
    const encoded = await encode(Buffer.alloc(200, 'a'), { signing, chunkBytes: 100 });
    expect(() => decode([encoded], { signing, decodedLength: 200 })).toThrow('Only the last chunk is allowed');
  });

  test.each([
    ['x-amz-checksum-crc32:AAAAAA==\r\n\r\n', undefined],
    ['X-Amz-Checksum-CRC32: AAAAAA== \r\n', undefined],
    ['\r\n', 'MalformedTrailerError'],
    ['x-amz-checksum-crc32:AAAAAA==', 'IncompleteBody'],
    ['x-amz-checksum-sha1:AAAA\r\n\r\n', 'MalformedTrailerError'],
    ['x-amz-checksum-crc32:A\r\nx-amz-checksum-crc32:A\r\n\r\n', 'MalformedTrailerError'],
    ['x-amz-checksum-crc32\r\n\r\n', 'MalformedTrailerError'],
    ['x-amz-checksum-crc32:A\r\nx-amz-trailer-signature:0\r\n\r\n', 'MalformedTrailerError'],
  ])('trailer %j', (text, code) => {
    const options = { names: ['x-amz-checksum-crc32'], signing: undefined, previousSignature: '' };
    if (code === undefined) expect(parseTrailer(text, options).get('x-amz-checksum-crc32')).toBe('AAAAAA==');
    else expect(() => parseTrailer(text, options)).toThrow(withCode(code));
  });

  test('a trailer without its signature, and a huge one', () => {
    const names = ['x-amz-checksum-crc32'];
    const options = { names, signing, previousSignature: '' };
    expect(() => parseTrailer('x-amz-checksum-crc32:AAAAAA==\r\n\r\n', options)).toThrow(
      withCode('MalformedTrailerError'),
    );
    const huge = Buffer.from(`3\r\nabc\r\n0\r\nx-amz-checksum-crc32:${'A'.repeat(10_000)}\r\n\r\n`);
    expect(() => decode([huge], { decodedLength: 3, trailerNames: names })).toThrow('The trailer is too long');
  });
});

test('fuzz: only a Fault comes out', () => {
  const piece = fc.oneof(
    fc.constantFrom('0\r\n', '\r\n', '3\r\n', 'abc', ';chunk-signature=', 'x-amz-checksum-crc32:AAAAAA==', '\n', ':'),
    fc.string({ unit: 'binary-ascii', maxLength: 10 }),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.nat(9), fc.boolean(), fc.boolean(), (pieces, decodedLength, trailer, signed) => {
      try {
        const names = trailer ? ['x-amz-checksum-crc32'] : [];
        const used = signed ? { signing } : {};
        const { text } = decode(
          pieces.map((text) => Buffer.from(text, 'latin1')),
          { ...used, decodedLength, trailerNames: names },
        );
        expect(text.length).toBe(decodedLength);
      } catch (error) {
        expect(isFault(error)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

describe('the stream', () => {
  const options = { payload: { kind: 'streaming-unsigned-trailer' }, decodedLength: 3 } as const;

  test('gives trailers at its end', async () => {
    const decoder = createChunkedDecoder({ ...options, trailerNames: ['x-amz-checksum-crc32'] });
    expect(() => decoder.trailers).toThrow('only at the end');
    const body = Readable.from([
      Buffer.from('3\r\na'),
      Buffer.from('bc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n'),
    ]);
    const out: Buffer[] = [];
    await pipeline(body, decoder, async (source) => {
      for await (const bytes of source as AsyncIterable<Buffer>) out.push(bytes);
    });
    expect(Buffer.concat(out).toString()).toBe('abc');
    expect(decoder.trailers.get('x-amz-checksum-crc32')).toBe('NSRBwg==');
  });

  test('fails when the body breaks off', async () => {
    const decoder = createChunkedDecoder({ ...options, trailerNames: [] });
    const sink = async (source: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of source) continue;
    };
    await expect(pipeline(Readable.from([Buffer.from('3\r\na')]), decoder, sink)).rejects.toMatchObject({
      code: 'IncompleteBody',
    });
  });
});

test('headers of an aws-chunked request', () => {
  expect(decodedContentLength({ 'x-amz-decoded-content-length': '12' })).toBe(12);
  expect(() => decodedContentLength({})).toThrow(expect.objectContaining({ code: 'MissingContentLength' }));
  expect(() => decodedContentLength({ 'x-amz-decoded-content-length': '-1' })).toThrow(
    expect.objectContaining({ code: 'InvalidArgument' }),
  );
  expect(announcedTrailers({ 'x-amz-trailer': ' X-Amz-Checksum-CRC32 ,, x-amz-checksum-crc32' })).toEqual([
    'x-amz-checksum-crc32',
  ]);
});
