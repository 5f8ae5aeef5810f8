import { sha256 } from '@noble/hashes/sha2.js';
import type { Bytes } from '../format/bytes.ts';
import { equalBytes, toBase64url } from '../format/bytes.ts';
import type { SealErrorCode } from '../format/codes.ts';
import { SealError } from '../format/codes.ts';
import type { Sgo1Header } from '../format/header.ts';
import { decodeHeader, startsLikeSgo1 } from '../format/header.ts';
import { fullMarker, markerBytes, segmentIvBytes, segmentOverhead, sgo1 } from '../format/layout.ts';
import { chiSquareMaxSample } from '../format/limits.ts';
import { bodyLength, plaintextLengthOf } from '../format/sizes.ts';
import { createByteHistogram, looksLikePlaintext } from './chi-square.ts';
import { createMarkerScanner } from './marker-scanner.ts';

/** What the structure of a body says; `ok` promises nothing about who sealed it or whether it decrypts. */
export interface StructureVerdict {
  readonly ok: boolean;
  readonly reason?: SealErrorCode;
  readonly message?: string;
  readonly plaintextLength?: number;
  /** base64url */
  readonly envelopeId?: string;
  /** Over the first segment's ciphertext; absent when that is under 2 KiB. */
  readonly chiSquare?: number;
}

/**
 * Checks an SGO1 body while it streams: header, every segment marker, total length, envelope binding, randomness of the
 * first segment. Copies 128 bytes and nothing else.
 *
 * States: collecting the header -> in segments -> (final marker seen) -> in the final segment. A problem is terminal.
 */
export interface StructureInspector {
  /** Returns the refusal as soon as it is known, and again for every later chunk. Never throws. */
  push(chunk: Uint8Array): StructureVerdict | undefined;
  /** The end of the body. Call once. */
  finish(): StructureVerdict;
}

export interface StructureOptions {
  /** Bytes of the whole body, when known: it is compared with the header before a segment arrives. */
  readonly expectedLength?: number | undefined;
  /** The envelope that came with the body: its `eid` and `hdr` must be the body's. */
  readonly envelope?: { readonly envelopeId: Uint8Array; readonly headerDigest: Uint8Array } | undefined;
}

export const firstPayload = {
  start: sgo1.headerBytes + markerBytes + segmentIvBytes,
  end: sgo1.headerBytes + markerBytes + segmentIvBytes + chiSquareMaxSample,
} as const;

export function createStructureInspector(options: StructureOptions = {}): StructureInspector {
  const headerBytes = new Uint8Array(sgo1.headerBytes);
  const histogram = createByteHistogram(firstPayload);
  let header: Sgo1Header | undefined;
  let bodyEnd = options.expectedLength;
  let finalSegmentEnd: number | undefined;
  let problem: SealError | undefined;

  const scanner = createMarkerScanner({
    firstMarkerAt: sgo1.headerBytes,
    onMarker(value, at) {
      if (finalSegmentEnd !== undefined) throw new SealError('trailing-bytes');
      finalSegmentEnd = checkMarker({ value, at, bodyEnd });
    },
  });

  function advance(chunk: Uint8Array): void {
    const position = scanner.position();
    if (header === undefined) {
      headerBytes.set(chunk.subarray(0, sgo1.headerBytes - position), position);
      const available = Math.min(sgo1.headerBytes, position + chunk.length);
      if (available > 0 && !startsLikeSgo1(headerBytes.subarray(0, available))) throw new SealError('not-sealed');
      if (available === sgo1.headerBytes) {
        header = checkHeader(headerBytes, options);
        if (header.plaintextLength !== undefined) bodyEnd = bodyLength(header.plaintextLength);
      }
    }
    const wasComplete = histogram.complete();
    if (!wasComplete) histogram.add(chunk, position);
    scanner.push(chunk);
    const end = finalSegmentEnd ?? bodyEnd;
    if (end !== undefined && scanner.position() > end) throw new SealError('trailing-bytes');
    if (!wasComplete && histogram.complete()) checkRandomness(histogram.chiSquare());
  }

  function conclude(): StructureVerdict {
    const position = scanner.position();
    if (header === undefined) throw new SealError(position === 0 ? 'not-sealed' : 'truncated');
    if (finalSegmentEnd === undefined || position < finalSegmentEnd) throw new SealError('truncated');
    const plaintextLength = plaintextLengthOf(position);
    if (plaintextLength === undefined || position !== (bodyEnd ?? position)) throw new SealError('length-mismatch');
    const chiSquare = histogram.chiSquare();
    checkRandomness(chiSquare);
    return {
      ok: true,
      plaintextLength,
      envelopeId: toBase64url(header.envelopeId),
      ...(chiSquare === undefined ? {} : { chiSquare }),
    };
  }

  function guarded<T>(step: () => T): T | undefined {
    if (problem !== undefined) return undefined;
    try {
      return step();
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      problem = error;
      return undefined;
    }
  }

  const refusal = (): StructureVerdict | undefined =>
    problem === undefined ? undefined : { ok: false, reason: problem.code, message: problem.message, ...sampled() };
  function sampled(): { chiSquare?: number } {
    const chiSquare = histogram.chiSquare();
    return chiSquare === undefined ? {} : { chiSquare };
  }

  return {
    push(chunk) {
      guarded(() => advance(chunk));
      return refusal();
    },
    finish() {
      const verdict = guarded(conclude);
      return verdict ?? refusal() ?? { ok: false, reason: 'not-sealed' };
    },
  };
}

function checkHeader(bytes: Bytes, { expectedLength, envelope }: StructureOptions): Sgo1Header {
  const header = decodeBoundHeader(bytes, envelope);
  const declared = header.plaintextLength;
  if (expectedLength !== undefined && declared !== undefined && bodyLength(declared) !== expectedLength) {
    throw new SealError('length-mismatch');
  }
  return header;
}

/** Decodes a header and checks that it is the one that the envelope was made for. */
export function decodeBoundHeader(bytes: Uint8Array, envelope: StructureOptions['envelope']): Sgo1Header {
  const header = decodeHeader(bytes);
  if (envelope !== undefined) {
    const same = equalBytes(envelope.envelopeId, header.envelopeId) && equalBytes(envelope.headerDigest, sha256(bytes));
    if (!same) throw new SealError('envelope-mismatch');
  }
  return header;
}

/** The end of the final segment when this is its marker, else undefined. */
function checkMarker(marker: { value: number; at: number; bodyEnd: number | undefined }): number | undefined {
  const { value, at, bodyEnd } = marker;
  const remaining = bodyEnd === undefined ? undefined : bodyEnd - at;
  if (value === fullMarker) {
    // Only a segment with something behind it carries the full marker.
    if (remaining !== undefined && remaining <= sgo1.segmentBytes) throw new SealError('malformed-body', `At ${at}.`);
    return undefined;
  }
  // An empty final segment exists only as the sole segment of an empty object.
  const smallest = at === sgo1.headerBytes ? segmentOverhead : segmentOverhead + 1;
  if (value < smallest || value > sgo1.segmentBytes) throw new SealError('malformed-body', `At ${at}.`);
  if (remaining !== undefined && remaining !== value) throw new SealError('malformed-body', `At ${at}.`);
  return at + value;
}

function checkRandomness(chiSquare: number | undefined): void {
  if (looksLikePlaintext(chiSquare)) throw new SealError('looks-like-plaintext');
}
