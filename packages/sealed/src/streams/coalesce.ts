import type { Bytes } from '../format/bytes.ts';
import { concat } from '../format/bytes.ts';

/** A piece that is shorter than this is not worth a chunk of its own. */
const smallBytes = 256;

/**
 * Puts neighbouring small pieces together and lets large ones pass as they are: markers, IVs and tags travel in one chunk
 * between two ciphertexts, and no ciphertext is copied.
 */
export async function* coalesce(groups: AsyncIterable<readonly Bytes[]>): AsyncGenerator<Uint8Array, void, undefined> {
  let small: readonly Bytes[] = [];
  for await (const group of groups) {
    for (const piece of group) {
      if (piece.length < smallBytes) {
        small = [...small, piece];
        continue;
      }
      if (small.length > 0) yield concat(...small);
      small = [];
      yield piece;
    }
  }
  if (small.length > 0) yield concat(...small);
}
