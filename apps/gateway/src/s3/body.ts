import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import { PUT_BYTES_MAX, XML_BODY_BYTES_MAX } from '@sealgate/core/limits';
import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import type { BodyFacts, BodySource } from '@sealgate/engine';
import {
  announcedTrailers,
  type ChunkedDecoder,
  checksumTypeMismatch,
  createBodyVerifier,
  createChunkedDecoder,
  decodedContentLength,
  headerValue,
  parseChecksumHeaders,
} from '@sealgate/s3';
import type { S3Context } from './context.ts';
import type { SealWatch } from './seal.ts';

const UNWATCHED: SealWatch = { push: () => undefined, finish: () => ({ verdict: null, envelope: null }) };

/**
 * Bytes of the object that the request says it carries, aws-chunked decoding done.
 * @throws Fault MissingContentLength, EntityTooLarge
 */
export function declaredBytes(context: S3Context): number {
  const bytes = isChunked(context) ? decodedContentLength(context.headers) : contentLength(context);
  if (bytes > PUT_BYTES_MAX) {
    throw new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      detail: { ProposedSize: bytes, MaxSizeAllowed: PUT_BYTES_MAX },
    });
  }
  return bytes;
}

/**
 * The request's body as the engine takes it: decoded, and checked while it flows against the signed payload hash, chunk
 * signatures, Content-MD5, the declared checksum, and the seal. Nothing is read (and no `100 Continue` sent) before the
 * engine asks for the first chunk.
 *
 * @param algorithm checksum that a multipart upload was created with: computed even if this request names none
 */
export function openBody(context: S3Context, watch: SealWatch, algorithm?: ChecksumAlgorithm | null): BodySource {
  const { headers, payload } = context;
  const bytes = declaredBytes(context);
  const expected = parseChecksumHeaders(headers);
  const sent = expected.checksum?.algorithm;
  const wanted = algorithm ?? sent;
  if (sent !== undefined && wanted !== undefined && sent !== wanted) throw checksumTypeMismatch(wanted, sent);
  const verifier = createBodyVerifier({
    expected,
    payload,
    ...(algorithm === undefined ? {} : { algorithm }),
  });
  let decoder: ChunkedDecoder | undefined;

  async function* chunks(): AsyncGenerator<Buffer> {
    const opened = openStream(context, bytes);
    decoder = opened.decoder;
    for await (const chunk of faulty(opened.stream)) {
      watch.push(chunk);
      verifier.update(chunk);
      yield chunk;
    }
  }

  const finish = (): BodyFacts => ({ ...verifier.finish(decoder?.trailers), ...watch.finish() });
  let facts: Promise<BodyFacts> | undefined;
  return {
    bytes,
    chunks: chunks(),
    facts: () => {
      facts ??= Promise.resolve().then(finish);
      return facts;
    },
  };
}

/**
 * A small body in one piece, checked like an object's.
 * @param options.checksumOfObject the checksum headers speak of an object, not of this body
 * @throws Fault MaxMessageLengthExceeded, and what `openBody` throws
 */
export async function readWholeBody(
  context: S3Context,
  options: { readonly checksumOfObject?: boolean } = {},
): Promise<Buffer> {
  // A decision about the request may have needed its body before the handler did.
  context.access.body ??= readBody(context, options);
  return await context.access.body;
}

async function readBody(context: S3Context, options: { readonly checksumOfObject?: boolean }): Promise<Buffer> {
  if (!isChunked(context) && !hasLength(context)) return Buffer.alloc(0);
  const bytes = declaredBytes(context);
  if (bytes > XML_BODY_BYTES_MAX) {
    throw new Fault('MaxMessageLengthExceeded', 'Your request was too big.', {
      detail: { MaxMessageLengthBytes: XML_BODY_BYTES_MAX },
    });
  }
  const source = openBody(options.checksumOfObject === true ? withoutChecksums(context) : context, UNWATCHED);
  const pieces: Buffer[] = [];
  let got = 0;
  for await (const chunk of source.chunks) {
    got += chunk.length;
    pieces.push(chunk);
  }
  if (got !== bytes) throw incomplete();
  await source.facts();
  return Buffer.concat(pieces, got);
}

function withoutChecksums(context: S3Context): S3Context {
  const kept = Object.entries(context.headers).filter(([name]) => !name.startsWith('x-amz-checksum-'));
  return { ...context, headers: Object.fromEntries(kept) };
}

function openStream(
  context: S3Context,
  bytes: number,
): { readonly stream: Readable; readonly decoder?: ChunkedDecoder } {
  const { request, response, payload, headers } = context;
  if (headerValue(headers, 'expect')?.toLowerCase() === '100-continue') response.writeContinue();
  if (payload.kind !== 'streaming-signed' && payload.kind !== 'streaming-unsigned-trailer') return { stream: request };
  const trailerNames = announcedTrailers(headers);
  const decoder = createChunkedDecoder({ payload, decodedLength: bytes, trailerNames });
  // A request that breaks off must end the decoder, else whoever reads it waits for ever.
  request.once('error', (error) => decoder.destroy(error));
  request.once('aborted', () => decoder.destroy(incomplete()));
  return { stream: request.pipe(decoder), decoder };
}

/** A connection that breaks off in the body is the client's incomplete body, not an error of ours. */
async function* faulty(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw error instanceof Fault ? error : incomplete(error);
  }
}

function isChunked(context: S3Context): boolean {
  return context.payload.kind === 'streaming-signed' || context.payload.kind === 'streaming-unsigned-trailer';
}

function hasLength(context: S3Context): boolean {
  return (
    headerValue(context.headers, 'content-length') !== undefined ||
    headerValue(context.headers, 'transfer-encoding') !== undefined
  );
}

function contentLength(context: S3Context): number {
  const text = headerValue(context.headers, 'content-length');
  if (text === undefined) throw new Fault('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  return Number(text);
}

function incomplete(cause?: unknown): Fault {
  return new Fault(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    { cause },
  );
}
