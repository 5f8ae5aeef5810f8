import type { Bytes } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { sgo1 } from '../format/layout.ts';
import { maxPartBytes, maxParts, minPartBytes } from '../format/limits.ts';
import type { ByteInput } from '../streams/source.ts';
import { createByteSource } from '../streams/source.ts';

/** One part of a multipart upload. Keep `bytes` until the part is acknowledged: a retry sends these, never new ones. */
export interface SealedPart {
  /** From 1, as S3 counts. */
  readonly partNumber: number;
  readonly bytes: Bytes;
  readonly last: boolean;
}

/**
 * The part size for a body: at least 8 MiB, at most 10 000 parts, a multiple of 65 536 bytes, so that a gateway can check
 * each part on its own. All parts but the last are equal, as Cloudflare R2 demands.
 * @param length bytes of the sealed body; undefined when unknown (the size then allows about 640 GiB)
 * @throws SealError `limit-exceeded` when no part size is large enough
 */
export function partSizeFor(length: number | undefined): number {
  const wanted = length === undefined ? 8 * minPartBytes : Math.max(minPartBytes, length / maxParts);
  const size = Math.ceil(wanted / sgo1.segmentBytes) * sgo1.segmentBytes;
  if (size > maxPartBytes) throw new SealError('limit-exceeded', 'The object is too long for a multipart upload.');
  return size;
}

/**
 * Cuts a sealed body into equal parts. Memory: one part at a time plus what the caller keeps.
 * @throws SealError `invalid-argument` (part size), `limit-exceeded` (more than 10 000 parts)
 */
export async function* cutParts(body: ByteInput, partSize: number): AsyncGenerator<SealedPart, void, undefined> {
  if (
    !Number.isSafeInteger(partSize) ||
    partSize <= 0 ||
    partSize % sgo1.segmentBytes !== 0 ||
    partSize > maxPartBytes
  ) {
    throw new SealError('invalid-argument', `The part size must be a multiple of ${sgo1.segmentBytes} bytes.`);
  }
  const source = createByteSource(body);
  try {
    for (let partNumber = 1, last = false; !last; partNumber++) {
      if (partNumber > maxParts) throw new SealError('limit-exceeded', 'The object has too many parts.');
      const bytes = await source.take(partSize);
      last = await source.ended();
      yield { partNumber, bytes, last };
    }
  } finally {
    await source.cancel();
  }
}
