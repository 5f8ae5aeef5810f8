import type { Bytes } from './bytes.ts';
import { isAllZero } from './bytes.ts';
import { SealError } from './codes.ts';

/**
 * Random bytes for keys, identifiers and IVs.
 * @throws SealError `random-failure` for an all-zero answer: at 12 bytes and more that is a broken source, not chance.
 */
export function randomBytes(length: number): Bytes {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  if (length >= 12 && isAllZero(bytes)) throw new SealError('random-failure');
  return bytes;
}
