import { Transform, type TransformCallback } from 'node:stream';
import { Fault, toFault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '../request.ts';
import type { SignedPayload } from '../sigv4/types.ts';
import { type ChunkParser, createChunkParser } from './parser.ts';
import type { Trailers } from './trailer.ts';

/** The payloads that come aws-chunked. */
export type StreamingPayload = Extract<SignedPayload, { kind: 'streaming-signed' | 'streaming-unsigned-trailer' }>;

export interface ChunkedDecoderOptions {
  readonly payload: StreamingPayload;
  /** Bytes of the body once decoded; see {@link decodedContentLength}. */
  readonly decodedLength: number;
  /** See {@link announcedTrailers}. */
  readonly trailerNames: readonly string[];
  readonly holdBytesMax?: number;
}

/**
 * Decodes an aws-chunked body. It ends without an error only when every chunk, the trailer and the length were right, so
 * whoever commits at the end of the stream commits nothing unverified.
 */
export class ChunkedDecoder extends Transform {
  readonly #parser: ChunkParser;
  #trailers: Trailers | undefined;

  constructor(options: ChunkedDecoderOptions) {
    super();
    const { payload } = options;
    const signed = payload.kind === 'streaming-signed';
    this.#parser = createChunkParser({
      signing: signed ? payload : undefined,
      trailer: signed ? payload.trailer : true,
      trailerNames: options.trailerNames,
      decodedLength: options.decodedLength,
      ...(options.holdBytesMax === undefined ? {} : { holdBytesMax: options.holdBytesMax }),
    });
  }

  /** The trailing headers. @throws Error before the stream has ended. */
  get trailers(): Trailers {
    if (this.#trailers === undefined) throw new Error('trailers are known only at the end of the body');
    return this.#trailers;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#parser.write(chunk, (bytes) => void this.push(bytes));
      done();
    } catch (error) {
      done(toFault(error));
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#trailers = this.#parser.end();
      done();
    } catch (error) {
      done(toFault(error));
    }
  }
}

export function createChunkedDecoder(options: ChunkedDecoderOptions): ChunkedDecoder {
  return new ChunkedDecoder(options);
}

/**
 * The length of an aws-chunked body once decoded.
 * @throws Fault MissingContentLength, InvalidArgument
 */
export function decodedContentLength(headers: RequestHeaders): number {
  const text = headerValue(headers, 'x-amz-decoded-content-length');
  if (text === undefined) throw new Fault('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (!/^\d{1,15}$/.test(text)) {
    throw new Fault('InvalidArgument', 'x-amz-decoded-content-length must be a whole number of bytes.', {
      detail: { ArgumentName: 'x-amz-decoded-content-length', ArgumentValue: text },
    });
  }
  return Number(text);
}
