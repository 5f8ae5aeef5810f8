import { createHash, hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { chunkStringToSign, EMPTY_SHA256, trailerStringToSign } from '../sigv4/canonical.ts';
import { computeSignature } from '../sigv4/signing-keys.ts';
import type { ChunkSigning } from '../sigv4/types.ts';

export interface ChunkedEncoderOptions {
  /** Signs every chunk and the trailer; undefined for unsigned ones. */
  readonly signing?: ChunkSigning;
  /** Asked for its value once, after the last byte went in. */
  readonly trailer?: { readonly name: string; readonly value: () => string };
  /** Every chunk but the last has exactly this many bytes. */
  readonly chunkBytes?: number;
}

const CHUNK_BYTES = 64 * 1024;
const LINE_END = '\r\n';
const SIGNATURE_BYTES = 64;

/**
 * Bytes of a body of `decodedLength` bytes once encoded, for Content-Length. `valueBytes` is the length of the trailer's
 * value.
 */
export function encodedLength(
  decodedLength: number,
  options: Omit<ChunkedEncoderOptions, 'signing' | 'trailer'> & {
    readonly signed: boolean;
    readonly trailer?: { readonly name: string; readonly valueBytes: number };
  },
): number {
  const chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  const extension = options.signed ? ';chunk-signature='.length + SIGNATURE_BYTES : 0;
  const chunk = (bytes: number): number => bytes.toString(16).length + extension + 2 + bytes + 2;
  const last = decodedLength % chunkBytes;
  const full = (decodedLength - last) / chunkBytes;
  let total = full * chunk(chunkBytes) + (last === 0 ? 0 : chunk(last)) + 1 + extension + 2;
  if (options.trailer !== undefined) {
    total += options.trailer.name.length + 1 + options.trailer.valueBytes + 2;
    if (options.signed) total += 'x-amz-trailer-signature:'.length + SIGNATURE_BYTES + 2;
  }
  return total + 2;
}

/** Encodes a body as aws-chunked. Holds at most one chunk. */
export function createChunkedEncoder(options: ChunkedEncoderOptions): Transform {
  return new ChunkedEncoder(options);
}

class ChunkedEncoder extends Transform {
  readonly #options: ChunkedEncoderOptions;
  readonly #chunkBytes: number;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #previousSignature: string;

  constructor(options: ChunkedEncoderOptions) {
    super();
    this.#options = options;
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
    this.#previousSignature = options.signing?.seedSignature ?? '';
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let at = 0;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + this.#chunkBytes - this.#pieceBytes);
      this.#pieces.push(bytes.subarray(at, end));
      this.#pieceBytes += end - at;
      at = end;
      if (this.#pieceBytes === this.#chunkBytes) this.#pushChunk();
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#pieceBytes > 0) this.#pushChunk();
    this.push(this.#header(0, EMPTY_SHA256));
    const { trailer, signing } = this.#options;
    if (trailer !== undefined) {
      const value = trailer.value();
      this.push(`${trailer.name}:${value}${LINE_END}`);
      if (signing !== undefined) {
        const digest = hash('sha256', `${trailer.name}:${value}\n`, 'hex');
        const toSign = trailerStringToSign(signing, this.#previousSignature, digest);
        this.push(`x-amz-trailer-signature:${computeSignature(signing.signingKey, toSign)}${LINE_END}`);
      }
    }
    this.push(LINE_END);
    done();
  }

  #header(bytes: number, sha256: string): string {
    const { signing } = this.#options;
    const size = bytes.toString(16);
    if (signing === undefined) return size + LINE_END;
    const toSign = chunkStringToSign(signing, this.#previousSignature, sha256);
    this.#previousSignature = computeSignature(signing.signingKey, toSign);
    return `${size};chunk-signature=${this.#previousSignature}${LINE_END}`;
  }

  #pushChunk(): void {
    let digest = '';
    if (this.#options.signing !== undefined) {
      const hasher = createHash('sha256');
      for (const piece of this.#pieces) hasher.update(piece);
      digest = hasher.digest('hex');
    }
    this.push(this.#header(this.#pieceBytes, digest));
    for (const piece of this.#pieces) this.push(piece);
    this.push(LINE_END);
    this.#pieces = [];
    this.#pieceBytes = 0;
  }
}
