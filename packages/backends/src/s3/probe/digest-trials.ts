import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ProbeAnswer, ProbeTarget } from '@sealgate/core/ports';
import {
  createChunkedEncoder,
  encodedLength,
  type SignedResult,
  STREAMING_SIGNED,
  STREAMING_UNSIGNED_TRAILER,
  unquoteEtag,
} from '@sealgate/s3';
import { wholeBody } from '../call-bodies.ts';
import type { CallBody, S3Calls } from '../calls.ts';
import { headerOf } from '../headers.ts';
import { attempt, must, no, refused, settle, Unsettled, yes } from './attempt.ts';

/** Questions of how a backend proves what it received: each sends a right and a wrong digest. */

const CRC32 = 'x-amz-checksum-crc32';
const CHUNK_BYTES = 8 * 1024;
/** More than one chunk, and the last one not full. */
const SAMPLE = Buffer.alloc(20_000, 'sealgate probe ');

function crc32Of(bytes: Uint8Array): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value.toString('base64');
}

const WRONG_CRC32 = crc32Of(Buffer.from('other bytes'));

export async function etagIsMd5(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const { headers } = await must(calls, 'a plain put', { method: 'PUT', ...target, ...wholeBody(SAMPLE) });
    return unquoteEtag(headerOf(headers, 'etag') ?? '') === hash('md5', SAMPLE, 'hex') ? yes : no();
  });
}

interface Sent {
  readonly body: CallBody;
  readonly headers: Readonly<Record<string, string>>;
}

/** Right bytes must be kept as they are, and wrong ones refused; anything else is no protection. */
async function tryBoth(calls: S3Calls, target: ProbeTarget, sent: (right: boolean) => Sent): Promise<ProbeAnswer> {
  return await settle(async () => {
    const right = await attempt(calls, { method: 'PUT', ...target, ...sent(true) });
    if (refused(right, 'a put with a right digest')) return no('it does not take the form');
    const kept = await attempt(calls, { method: 'GET', ...target });
    if (!kept.ok) throw new Unsettled(`reading back failed with HTTP ${kept.status}`);
    if (!kept.answer.body.equals(SAMPLE)) return no('it stores the framing as if it were the object');
    const wrong = await attempt(calls, { method: 'PUT', ...target, ...sent(false) });
    return refused(wrong, 'a put with a wrong digest') ? yes : no('it takes a wrong digest');
  });
}

/** CRC-32, which everybody has who has any, and SHA-256, by which a copy that somebody else put there is believed. */
export async function checksumHeader(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  const crc32Answer = await tryBoth(calls, target, (right) =>
    withChecksum('CRC32', right ? crc32Of(SAMPLE) : WRONG_CRC32),
  );
  if (crc32Answer.verdict !== 'yes') return crc32Answer;
  return await tryBoth(calls, target, (right) =>
    withChecksum('SHA256', hash('sha256', right ? SAMPLE : SAMPLE.subarray(1), 'base64')),
  );
}

function withChecksum(algorithm: 'CRC32' | 'SHA256', value: string): Sent {
  const { body, headers } = wholeBody(SAMPLE);
  const checksum = {
    [`x-amz-checksum-${algorithm.toLowerCase()}`]: value,
    'x-amz-sdk-checksum-algorithm': algorithm,
  };
  return { body, headers: { ...headers, ...checksum } };
}

export function checksumTrailer(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return tryBoth(calls, target, (right) => {
    const value = right ? crc32Of(SAMPLE) : WRONG_CRC32;
    const trailer = { name: CRC32, value: () => value };
    const length = encodedLength(SAMPLE.length, {
      signed: false,
      chunkBytes: CHUNK_BYTES,
      trailer: { name: CRC32, valueBytes: value.length },
    });
    return {
      body: chunked(STREAMING_UNSIGNED_TRAILER, () =>
        encode(createChunkedEncoder({ trailer, chunkBytes: CHUNK_BYTES })),
      ),
      headers: { ...chunkedHeaders(length), 'x-amz-trailer': CRC32, 'x-amz-sdk-checksum-algorithm': 'CRC32' },
    };
  });
}

export function chunkSignature(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return tryBoth(calls, target, (right) => ({
    body: chunked(STREAMING_SIGNED, async function* ({ chunkSigning }) {
      const encoder = createChunkedEncoder({ signing: chunkSigning, chunkBytes: CHUNK_BYTES });
      for await (const encoded of encode(encoder)) yield right ? encoded : spoilSignature(encoded);
    }),
    headers: chunkedHeaders(encodedLength(SAMPLE.length, { signed: true, chunkBytes: CHUNK_BYTES })),
  }));
}

function chunked(payloadHash: string, open: (signed: SignedResult) => AsyncIterable<Uint8Array>): CallBody {
  return { payloadHash, open, canRestart: () => true };
}

function chunkedHeaders(length: number): Record<string, string> {
  return {
    'content-length': String(length),
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(SAMPLE.length),
  };
}

/** The whole encoded sample in one piece. */
async function* encode(encoder: ReturnType<typeof createChunkedEncoder>): AsyncGenerator<Buffer> {
  encoder.end(SAMPLE);
  yield Buffer.concat((await encoder.toArray()) as Buffer[]);
}

/** Turns the first digit of the first chunk's signature into another one. */
function spoilSignature(encoded: Buffer): Buffer {
  const at = encoded.indexOf('chunk-signature=') + 'chunk-signature='.length;
  const spoilt = Buffer.from(encoded);
  spoilt.write(encoded[at] === '0'.charCodeAt(0) ? '1' : '0', at);
  return spoilt;
}
