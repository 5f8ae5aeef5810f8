import { SealError } from '../format/codes.ts';
import { startsLikeSgo1 } from '../format/header.ts';
import { chiSquareMaxSample, maxInstructionFileBytes, recognitionBytes } from '../format/limits.ts';
import { createByteHistogram, looksLikePlaintext } from './chi-square.ts';
import { recogniseBody } from './foreign.ts';
import { checkInstructionFile } from './instruction-file.ts';
import type { S3ecMatch } from './s3ec.ts';
import type { EnvelopeSummary, ForeignFormat, ObjectInspector, Verdict } from './verdict.ts';
import { attempt, foreignFormats, refuse, refusedInspector } from './verdict.ts';

const notAllowed = (format: ForeignFormat): Verdict =>
  refuse(format, new SealError('format-not-allowed', `This is ${format}.`));

/** S3EC: the metadata was judged already; the body is raw ciphertext from its first byte. */
export function inspectS3ec(
  match: S3ecMatch,
  context: { readonly allowed: readonly ForeignFormat[]; readonly contentLength: number | undefined },
): ObjectInspector {
  const { format, summary } = match;
  if (match.error !== undefined) return refusedInspector(refuse(format, match.error));
  if (summary === undefined || !context.allowed.includes(format)) return refusedInspector(notAllowed(format));

  const wrongLength = (length: number): boolean => length < match.minLength || length !== (match.exactLength ?? length);
  if (context.contentLength !== undefined && wrongLength(context.contentLength)) {
    return refusedInspector(refuse(format, new SealError('length-mismatch')));
  }
  const histogram = createByteHistogram({ start: 0, end: chiSquareMaxSample });
  let position = 0;
  let refused: Verdict | undefined;
  const judge = (): void => {
    if (looksLikePlaintext(histogram.chiSquare())) refused = refuse(format, new SealError('looks-like-plaintext'));
  };
  return {
    refusal: undefined,
    push(chunk) {
      if (refused === undefined && !histogram.complete()) {
        histogram.add(chunk, position);
        if (histogram.complete()) judge();
      }
      position += chunk.length;
      return refused;
    },
    finish() {
      if (refused === undefined) judge();
      if (refused !== undefined) return refused;
      if (wrongLength(position)) return refuse(format, new SealError('length-mismatch'));
      const plaintextLength = position - match.minLength;
      return accept(format, { summary: { ...summary, plaintextLength }, chiSquare: histogram.chiSquare() });
    },
  };
}

/** The one plaintext that a strict bucket may hold. Buffered, because JSON is checked whole; at most 64 KiB. */
export function inspectInstructionFile(contentLength: number | undefined): ObjectInspector {
  const format = 's3ec-instruction-file';
  const tooLong = refuse(format, new SealError('limit-exceeded', 'The instruction file is too large.'));
  if (contentLength !== undefined && contentLength > maxInstructionFileBytes) return refusedInspector(tooLong);
  const buffer = new Uint8Array(maxInstructionFileBytes);
  let length = 0;
  return {
    refusal: undefined,
    push(chunk) {
      if (length + chunk.length <= buffer.length) buffer.set(chunk, length);
      length += chunk.length;
      return length > buffer.length ? tooLong : undefined;
    },
    finish() {
      if (length > buffer.length) return tooLong;
      const checked = attempt(() => checkInstructionFile(buffer.subarray(0, length)));
      if ('error' in checked) return refuse(format, checked.error);
      return accept(format, { summary: foreignSummary(format, checked.value) });
    },
  };
}

/** Bodies whose first bytes say what they are. Without an allowed format there is nothing to wait for. */
export function inspectByBytes(allowed: readonly ForeignFormat[]): ObjectInspector {
  const head = new Uint8Array(recognitionBytes);
  let length = 0;
  let verdict: Verdict | undefined;
  const missing = refuse('none', new SealError('envelope-missing'));
  const decide = (): Verdict => (verdict ??= judgeHead(head.subarray(0, length), allowed));
  return {
    refusal: allowed.length === 0 ? missing : undefined,
    push(chunk) {
      if (length < head.length) {
        const taken = chunk.subarray(0, head.length - length);
        head.set(taken, length);
        length += taken.length;
      }
      if (length < head.length) return allowed.length === 0 ? missing : undefined;
      const decided = decide();
      return decided.sealed ? undefined : decided;
    },
    finish: decide,
  };
}

function judgeHead(head: Uint8Array, allowed: readonly ForeignFormat[]): Verdict {
  if (startsLikeSgo1(head)) return refuse('sgo1', new SealError('envelope-missing'));
  const accepted = recogniseBody(head, allowed);
  if (accepted !== undefined) return accept(accepted, { summary: foreignSummary(accepted, '') });
  // Weak formats are recognised by so little that naming them here would mislead.
  const strong = Object.entries(foreignFormats).flatMap(([format, { weak }]) =>
    weak ? [] : [format as ForeignFormat],
  );
  const other = recogniseBody(head, strong);
  return other === undefined ? refuse('none', new SealError('envelope-missing')) : notAllowed(other);
}

function foreignSummary(format: ForeignFormat, encryptedKey: string): EnvelopeSummary {
  return { keyAlg: format, keyVersion: 1, recipients: [], encryptionAlg: format, encryptedKey };
}

function accept(format: ForeignFormat, found: { summary: EnvelopeSummary; chiSquare?: number | undefined }): Verdict {
  return {
    sealed: true,
    format,
    envelope: found.summary,
    ...(found.chiSquare === undefined ? {} : { chiSquare: found.chiSquare }),
  };
}
