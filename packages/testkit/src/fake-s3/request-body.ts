import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { Fault } from '@sealgate/core/faults';
import {
  announcedTrailers,
  createChunkedDecoder,
  decodedContentLength,
  type RequestHeaders,
  type SignedPayload,
} from '@sealgate/s3';

export interface BodyRules {
  readonly payload: SignedPayload;
  readonly headers: RequestHeaders;
  /** Servers that take a checksum and never look at it. */
  readonly ignoreChecksums: boolean;
  /** Servers that take signed chunks and never look at their signatures. */
  readonly ignoreChunkSignatures: boolean;
  /** Hears of every byte that came in. */
  readonly onBytes: (bytes: number) => void;
}

/** The decoded body, checked against everything that the request says about it. @throws Fault */
export async function readBody(request: IncomingMessage, rules: BodyRules): Promise<Buffer> {
  const { payload, headers } = rules;
  const chunks: Buffer[] = [];
  const collect = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  request.on('data', (chunk: Buffer) => rules.onBytes(chunk.length));
  if (payload.kind === 'signed' || payload.kind === 'unsigned') {
    await pipeline(request, collect);
    const body = Buffer.concat(chunks);
    if (payload.kind === 'signed' && hash('sha256', body, 'hex') !== payload.sha256) {
      throw new Fault('XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 does not match.');
    }
    checkDigests(body, headers, rules.ignoreChecksums);
    return body;
  }
  const lenient = rules.ignoreChunkSignatures && payload.kind === 'streaming-signed';
  const decoder = createChunkedDecoder({
    payload: lenient ? { kind: 'streaming-unsigned-trailer' } : payload,
    decodedLength: decodedContentLength(headers),
    trailerNames: announcedTrailers(headers),
  });
  await pipeline(request, decoder, collect);
  const body = Buffer.concat(chunks);
  checkDigests(body, { ...headers, ...Object.fromEntries(decoder.trailers) }, rules.ignoreChecksums);
  return body;
}

function checkDigests(body: Buffer, headers: RequestHeaders, ignoreChecksums: boolean): void {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== hash('md5', body, 'base64')) {
    throw new Fault('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  if (ignoreChecksums) return;
  const sha256 = headers['x-amz-checksum-sha256'];
  if (sha256 !== undefined && sha256 !== hash('sha256', body, 'base64')) {
    throw new Fault('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  }
  const sum = headers['x-amz-checksum-crc32'];
  if (sum === undefined) return;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  if (sum !== bytes.toString('base64')) throw new Fault('BadDigest', 'The CRC32 you specified did not match.');
}
