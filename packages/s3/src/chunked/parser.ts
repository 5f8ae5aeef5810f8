import { createHash, type Hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import {
  CHUNK_BYTES_MAX,
  CHUNK_HEADER_BYTES_MAX,
  CHUNK_HOLD_BYTES_MAX,
  SIGNED_CHUNK_BYTES_MIN,
  TRAILER_BYTES_MAX,
} from '../limits.ts';
import { chunkStringToSign, EMPTY_SHA256 } from '../sigv4/canonical.ts';
import { computeSignature } from '../sigv4/signing-keys.ts';
import type { ChunkSigning } from '../sigv4/types.ts';
import { signatureEquals } from '../sigv4/verify.ts';
import { parseTrailer, type Trailers } from './trailer.ts';

/**
 * The aws-chunked body as a state machine over buffers; nothing is copied but headers that a buffer boundary cuts.
 *
 *   header ── size > 0 ──▶ data ── all bytes ──▶ data-end ── CR LF ──▶ header
 *     ├─ size = 0, with a trailer ──▶ trailer ── end of the body ──▶ done
 *     └─ size = 0, without one ──▶ final-end ── CR LF ──▶ done
 *
 * Invariants: bytes of a signed chunk of at most `holdBytesMax` leave only after its signature was verified; `end`
 * throws unless the state is `done`, exactly `decodedLength` bytes came and every signature was right. After a throw the
 * parser must not be used again.
 */

export interface ChunkParserOptions {
  /** Undefined for unsigned chunks. */
  readonly signing: ChunkSigning | undefined;
  readonly trailer: boolean;
  /** Names that `x-amz-trailer` announced, lower case. */
  readonly trailerNames: readonly string[];
  /** `x-amz-decoded-content-length`. */
  readonly decodedLength: number;
  readonly holdBytesMax?: number;
}

export interface ChunkParser {
  /** Takes the next bytes of the body and gives decoded ones to `emit`. @throws Fault */
  write(bytes: Buffer, emit: (bytes: Buffer) => void): void;
  /** The body has ended. Gives the trailers. @throws Fault IncompleteBody, MalformedTrailerError */
  end(): Trailers;
}

type State = 'header' | 'data' | 'data-end' | 'trailer' | 'final-end' | 'done';

const CR = 0x0d;
const LF = 0x0a;
const HEADER = /^([0-9a-fA-F]{1,16})(?:;(.*))?$/;
const CHUNK_SIGNATURE = /^chunk-signature=([0-9a-f]{64})$/;

/** @throws Fault InvalidChunkSizeError, SignatureDoesNotMatch, IncompleteBody, MalformedTrailerError (from its methods) */
export function createChunkParser(options: ChunkParserOptions): ChunkParser {
  return new AwsChunkedParser(options);
}

class AwsChunkedParser implements ChunkParser {
  readonly #options: ChunkParserOptions;
  readonly #holdBytesMax: number;
  #state: State = 'header';
  /** Bytes of a line or of the trailer that did not end in its buffer. */
  #pending = '';
  #chunkBytes = 0;
  #chunkLeft = 0;
  #lastChunk = false;
  #decodedBytes = 0;
  #previousSignature: string;
  #chunkSignature = '';
  #chunkHash: Hash | undefined;
  #held: Buffer[] = [];
  /** Bytes of the CR LF behind a chunk that have come: 0 or 1. */
  #lineEndSeen = 0;
  #trailers: Trailers = new Map();

  constructor(options: ChunkParserOptions) {
    this.#options = options;
    this.#holdBytesMax = options.holdBytesMax ?? CHUNK_HOLD_BYTES_MAX;
    this.#previousSignature = options.signing?.seedSignature ?? '';
  }

  write(bytes: Buffer, emit: (bytes: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'header':
          at = this.#readHeader(bytes, at);
          break;
        case 'data':
          at = this.#readData(bytes, at, emit);
          break;
        case 'data-end':
        case 'final-end':
          at = this.#readLineEnd(bytes, at);
          break;
        case 'trailer':
          at = this.#readTrailer(bytes, at);
          break;
        case 'done':
          throw badChunk('The body goes on after its last chunk.');
      }
    }
  }

  end(): Trailers {
    if (this.#state === 'trailer') this.#finishTrailer();
    if (this.#state !== 'done') throw new Fault('IncompleteBody', 'The request body terminated unexpectedly');
    if (this.#decodedBytes !== this.#options.decodedLength) throw wrongLength();
    return this.#trailers;
  }

  /** Takes the rest of a line; undefined when it does not end in this buffer. */
  #takeLine(bytes: Buffer, at: number): { readonly line: string; readonly next: number } | undefined {
    const newline = bytes.indexOf(LF, at);
    const end = newline === -1 ? bytes.length : newline;
    if (this.#pending.length + end - at > CHUNK_HEADER_BYTES_MAX) throw badChunk('A chunk header is too long.');
    this.#pending += bytes.toString('latin1', at, end);
    if (newline === -1) return undefined;
    const line = this.#pending;
    this.#pending = '';
    if (!line.endsWith('\r')) throw badChunk('A chunk header must end with CR LF.');
    return { line: line.slice(0, -1), next: newline + 1 };
  }

  #readHeader(bytes: Buffer, at: number): number {
    const taken = this.#takeLine(bytes, at);
    if (taken === undefined) return bytes.length;
    const match = HEADER.exec(taken.line);
    if (match === null) throw badChunk('A chunk header is malformed.');
    this.#beginChunk(Number.parseInt(match[1] ?? '', 16), match[2] ?? '');
    return taken.next;
  }

  #beginChunk(size: number, extension: string): void {
    const { signing, decodedLength, trailer } = this.#options;
    if (size > CHUNK_BYTES_MAX) throw badChunk(`A chunk may have at most ${CHUNK_BYTES_MAX} bytes.`);
    if (size > decodedLength - this.#decodedBytes) throw wrongLength();
    // A chunk below the minimum must be the last one with bytes.
    if (size > 0 && signing !== undefined && this.#chunkBytes > 0 && this.#chunkBytes < SIGNED_CHUNK_BYTES_MIN) {
      throw new Fault(
        'InvalidChunkSizeError',
        `Only the last chunk is allowed to have a size less than ${SIGNED_CHUNK_BYTES_MIN} bytes`,
      );
    }
    this.#lastChunk = size === 0;
    this.#chunkBytes = size;
    this.#chunkLeft = size;
    if (signing !== undefined) {
      const signature = CHUNK_SIGNATURE.exec(extension)?.[1];
      if (signature === undefined) throw badChunk('A chunk header has no chunk-signature.');
      this.#chunkSignature = signature;
      this.#chunkHash = size === 0 ? undefined : createHash('sha256');
    }
    if (!this.#lastChunk) {
      this.#state = 'data';
      return;
    }
    this.#verifyChunk();
    if (this.#decodedBytes !== decodedLength) throw wrongLength();
    this.#state = trailer ? 'trailer' : 'final-end';
  }

  #readData(bytes: Buffer, at: number, emit: (bytes: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#chunkLeft);
    const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
    this.#chunkLeft -= piece.length;
    this.#decodedBytes += piece.length;
    const hold = this.#chunkHash !== undefined && this.#chunkBytes <= this.#holdBytesMax;
    this.#chunkHash?.update(piece);
    if (hold) this.#held.push(piece);
    else emit(piece);
    if (this.#chunkLeft === 0) {
      this.#verifyChunk();
      for (const held of this.#held) emit(held);
      this.#held = [];
      this.#state = 'data-end';
    }
    return end;
  }

  #verifyChunk(): void {
    const { signing } = this.#options;
    if (signing === undefined) return;
    const digest = this.#chunkHash?.digest('hex') ?? EMPTY_SHA256;
    const toSign = chunkStringToSign(signing, this.#previousSignature, digest);
    if (!signatureEquals(computeSignature(signing.signingKey, toSign), this.#chunkSignature)) {
      throw chunkSignatureMismatch();
    }
    this.#previousSignature = this.#chunkSignature;
    this.#chunkHash = undefined;
  }

  #readLineEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== (this.#lineEndSeen === 0 ? CR : LF))
      throw badChunk('A chunk does not end where its header says.');
    this.#lineEndSeen = 1 - this.#lineEndSeen;
    if (this.#lineEndSeen === 0) this.#state = this.#state === 'final-end' ? 'done' : 'header';
    return at + 1;
  }

  /** The trailer is small and the last thing of the body: it is gathered whole and read at its end. */
  #readTrailer(bytes: Buffer, at: number): number {
    if (this.#pending.length + bytes.length - at > TRAILER_BYTES_MAX) {
      throw new Fault('MalformedTrailerError', 'The trailer is too long.');
    }
    this.#pending += bytes.toString('latin1', at);
    return bytes.length;
  }

  #finishTrailer(): void {
    const { signing, trailerNames } = this.#options;
    this.#trailers = parseTrailer(this.#pending, {
      names: trailerNames,
      signing,
      previousSignature: this.#previousSignature,
    });
    this.#state = 'done';
  }
}

function badChunk(message: string): Fault {
  return new Fault('InvalidChunkSizeError', message);
}

function wrongLength(): Fault {
  return new Fault(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header',
  );
}

function chunkSignatureMismatch(): Fault {
  return new Fault(
    'SignatureDoesNotMatch',
    'The chunk signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
}
