import { fromBase64url, toBase64url } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { startsLikeSgo1 } from '../format/header.ts';
import { fullMarker, sgo1 } from '../format/layout.ts';
import { bodyLength, plaintextLengthOf } from '../format/sizes.ts';
import { createByteHistogram, looksLikePlaintext } from './chi-square.ts';
import { createMarkerScanner } from './marker-scanner.ts';
import type { StructureOptions, StructureVerdict } from './structure.ts';
import { decodeBoundHeader, firstPayload } from './structure.ts';
import { attempt } from './verdict.ts';

/**
 * What is kept of one part of a multipart upload, so that the whole can be judged at its completion without reading a
 * byte again. Plain JSON.
 *
 * Parts arrive in any order and one does not know its offset. But when all parts but the last are multiples of 65 536
 * bytes (the rule for sealed multipart uploads), every part meets its markers at 128 + 65 536 i, whatever its number.
 */
export interface PartStructure {
  readonly length: number;
  /** Part 1 only: the first 128 bytes, base64url. */
  readonly header?: string;
  /** Part 1 only. */
  readonly chiSquare?: number;
  /** The first marker that was not FFFFFFFF: its offset in the part and its value. */
  readonly finalMarker?: { readonly at: number; readonly value: number };
  /** How many markers were not FFFFFFFF: a sound body has exactly one, in the part where its last segment begins. */
  readonly otherMarkers: number;
}

export interface PartInspector {
  /** Returns the refusal as soon as the part cannot belong to a sealed object: only part 1 can tell. */
  push(chunk: Uint8Array): StructureVerdict | undefined;
  finish(): PartStructure;
}

export function createPartInspector(part: {
  readonly partNumber: number;
  readonly envelope?: StructureOptions['envelope'];
}): PartInspector {
  const isFirst = part.partNumber === 1;
  const header = new Uint8Array(sgo1.headerBytes);
  const histogram = createByteHistogram(firstPayload);
  let finalMarker: PartStructure['finalMarker'];
  let otherMarkers = 0;
  let refusal: StructureVerdict | undefined;
  const scanner = createMarkerScanner({
    firstMarkerAt: sgo1.headerBytes,
    onMarker(value, at) {
      if (value === fullMarker) return;
      finalMarker ??= { at, value };
      otherMarkers += 1;
    },
  });

  function readStart(chunk: Uint8Array): void {
    const position = scanner.position();
    histogram.add(chunk, position);
    if (position >= sgo1.headerBytes) return;
    header.set(chunk.subarray(0, sgo1.headerBytes - position), position);
    const available = Math.min(sgo1.headerBytes, position + chunk.length);
    if (available > 0 && !startsLikeSgo1(header.subarray(0, available))) throw new SealError('not-sealed');
    if (available === sgo1.headerBytes) decodeBoundHeader(header, part.envelope);
  }

  return {
    push(chunk) {
      if (isFirst && refusal === undefined) {
        const read = attempt(() => readStart(chunk));
        if ('error' in read) refusal = { ok: false, reason: read.error.code, message: read.error.message };
      }
      scanner.push(chunk);
      return refusal;
    },
    finish() {
      const length = scanner.position();
      const chiSquare = isFirst ? histogram.chiSquare() : undefined;
      return {
        length,
        otherMarkers,
        ...(isFirst ? { header: toBase64url(header.subarray(0, Math.min(length, header.length))) } : {}),
        ...(chiSquare === undefined ? {} : { chiSquare }),
        ...(finalMarker === undefined ? {} : { finalMarker }),
      };
    },
  };
}

/**
 * Judges a completed multipart upload from its parts in order. The same verdict as the body in one piece would get.
 */
export function joinParts(
  parts: readonly PartStructure[],
  options: Pick<StructureOptions, 'envelope'> = {},
): StructureVerdict {
  const judged = attempt(() => join(parts, options.envelope));
  return 'error' in judged ? { ok: false, reason: judged.error.code, message: judged.error.message } : judged.value;
}

function join(parts: readonly PartStructure[], envelope: StructureOptions['envelope']): StructureVerdict {
  const [first] = parts;
  const header = fromBase64url(first?.header ?? '');
  if (first === undefined || header === undefined || header.length === 0) throw new SealError('not-sealed');
  if (header.length < sgo1.headerBytes) throw new SealError('truncated');
  const { plaintextLength: declared, envelopeId } = decodeBoundHeader(header, envelope);

  if (parts.slice(0, -1).some(({ length }) => length === 0 || length % sgo1.segmentBytes !== 0)) {
    throw new SealError('part-size', `All parts but the last must be multiples of ${sgo1.segmentBytes} bytes.`);
  }
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  checkFinalMarker(parts, total);
  const plaintextLength = plaintextLengthOf(total);
  if (plaintextLength === undefined || (declared !== undefined && bodyLength(declared) !== total)) {
    throw new SealError('length-mismatch');
  }
  if (looksLikePlaintext(first.chiSquare)) throw new SealError('looks-like-plaintext');
  const { chiSquare } = first;
  return {
    ok: true,
    plaintextLength,
    envelopeId: toBase64url(envelopeId),
    ...(chiSquare === undefined ? {} : { chiSquare }),
  };
}

function checkFinalMarker(parts: readonly PartStructure[], total: number): void {
  const others = parts.reduce((sum, { otherMarkers }) => sum + otherMarkers, 0);
  if (others === 0) throw new SealError('truncated');
  if (others > 1) throw new SealError('malformed-body');
  let offset = 0;
  for (const { finalMarker, length } of parts) {
    if (finalMarker !== undefined) {
      const end = offset + finalMarker.at + finalMarker.value;
      const lastStart =
        sgo1.headerBytes + sgo1.segmentBytes * Math.floor((total - 1 - sgo1.headerBytes) / sgo1.segmentBytes);
      if (end > total) throw new SealError('truncated');
      if (end < total) throw new SealError('trailing-bytes');
      if (offset + finalMarker.at !== lastStart) throw new SealError('malformed-body');
    }
    offset += length;
  }
}
