import { createHash, hash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { PutBlob } from '@sealgate/core/ports';
import {
  createChunkedEncoder,
  encodedLength,
  STREAMING_SIGNED,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from '@sealgate/s3';
import { exactBody } from '../shared/exact-body.ts';
import type { CallBody } from './calls.ts';

export interface FramedBody {
  readonly body: CallBody;
  /** What goes with the body: its length, and how it is encoded. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A body at hand, signed by its SHA-256: the backend refuses other bytes. */
export function wholeBody(bytes: Uint8Array, sha256?: Uint8Array): FramedBody {
  const payloadHash = sha256 === undefined ? hash('sha256', bytes, 'hex') : Buffer.from(sha256).toString('hex');
  return {
    body: { payloadHash, open: () => bytes, canRestart: () => true },
    headers: { 'content-length': String(bytes.length) },
  };
}

/** The same with its MD5, for servers that want a digest which the signature's SHA-256 is not to them. */
export function withMd5(bytes: Uint8Array): FramedBody {
  const { body, headers } = wholeBody(bytes);
  return { body, headers: { ...headers, 'content-md5': hash('md5', bytes, 'base64') } };
}

/** A body passed on as it comes, with nothing in the request that speaks for it. `md5` is known once it has ended. */
export function plainBody(
  blob: PutBlob,
  options: { readonly chunkBytes: number },
): FramedBody & {
  readonly md5: () => Uint8Array;
} {
  const source = sourceOf(blob, options.chunkBytes);
  let hasher = createHash('md5');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    hasher = createHash('md5');
    for await (const chunk of source.open()) {
      hasher.update(chunk);
      yield chunk;
    }
  }
  const tap = blob.bodyMd5 === undefined && blob.md5 === undefined;
  return {
    body: { payloadHash: UNSIGNED_PAYLOAD, ...source, open: tap ? hashed : source.open },
    headers: { 'content-length': String(blob.bytes) },
    md5: () => hasher.digest(),
  };
}

/** Every chunk signed, in a chain that begins with the request's signature: the backend refuses other bytes. */
export function signedChunksBody(blob: PutBlob, options: { readonly chunkBytes: number }): FramedBody {
  const { chunkBytes } = options;
  const source = sourceOf(blob, chunkBytes);
  return {
    body: {
      payloadHash: STREAMING_SIGNED,
      ...source,
      open: ({ chunkSigning }) =>
        encoded(source.open(), createChunkedEncoder({ signing: chunkSigning, chunkBytes }), chunkBytes),
    },
    headers: chunkedHeaders(blob.bytes, encodedLength(blob.bytes, { signed: true, chunkBytes })),
  };
}

const CRC32_TRAILER = 'x-amz-checksum-crc32';
/** Base64 of four bytes. */
const CRC32_VALUE_BYTES = 8;

/** A CRC-32 behind the last byte, which the backend compares. Only over a protected connection: nothing is signed. */
export function trailerBody(blob: PutBlob, options: { readonly chunkBytes: number }): FramedBody {
  const { chunkBytes } = options;
  const source = sourceOf(blob, chunkBytes);
  const open = (): AsyncIterable<Uint8Array> => {
    let crc = 0;
    async function* summed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of source.open()) {
        crc = crc32(chunk, crc);
        yield chunk;
      }
    }
    const value = (): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes.toString('base64');
    };
    const encoder = createChunkedEncoder({ trailer: { name: CRC32_TRAILER, value }, chunkBytes });
    return encoded(summed(), encoder, chunkBytes);
  };
  const trailer = { name: CRC32_TRAILER, valueBytes: CRC32_VALUE_BYTES };
  return {
    body: { payloadHash: STREAMING_UNSIGNED_TRAILER, ...source, open },
    headers: {
      ...chunkedHeaders(blob.bytes, encodedLength(blob.bytes, { signed: false, chunkBytes, trailer })),
      'x-amz-trailer': CRC32_TRAILER,
      'x-amz-sdk-checksum-algorithm': 'CRC32',
    },
  };
}

function chunkedHeaders(decoded: number, length: number): Record<string, string> {
  return {
    'content-length': String(length),
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(decoded),
  };
}

type Source = Pick<CallBody, 'canRestart' | 'complete' | 'failure'> & {
  readonly open: () => AsyncIterable<Uint8Array>;
};

/** The blob's bytes, each piece at most `pieceBytes` long, with a memory of whether they were touched and broke. */
function sourceOf(blob: PutBlob, pieceBytes: number): Source {
  const replayable = blob.body instanceof Uint8Array;
  let touched = false;
  let given = 0;
  let failed: { readonly error: unknown } | undefined;
  async function* read(): AsyncGenerator<Uint8Array> {
    touched = true;
    given = 0;
    try {
      for await (const chunk of exactBody(blob)) {
        const step = replayable ? pieceBytes : chunk.length;
        for (let at = 0; at < chunk.length; at += step) {
          const piece = chunk.subarray(at, at + step);
          given += piece.length;
          yield piece;
        }
      }
    } catch (error) {
      failed = { error };
      throw error;
    }
  }
  return {
    open: read,
    canRestart: () => replayable || !touched,
    complete: () => given === blob.bytes,
    failure: () => failed?.error,
  };
}

/**
 * The encoder's output in pieces of about one chunk. It gives headers, bytes and line ends one by one, and each piece
 * would be a system call of its own on the socket; joining them costs one copy.
 */
async function* encoded(
  source: AsyncIterable<Uint8Array>,
  encoder: ReturnType<typeof createChunkedEncoder>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array> {
  // A failure reaches the reader through the encoder, which the pipeline destroys with it.
  pipeline(Readable.from(source, { objectMode: false }), encoder, () => undefined);
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of encoder as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(pieces, bytes);
    pieces = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(pieces, bytes);
}
