import type { KeyObject } from 'node:crypto';
import { type BodySource, exactly } from '../write/body.ts';
import type { RandomBytes } from '../write/types.ts';
import { encryptedBytes, IV_BYTES, plainBytesOf, segmentCount } from './layout.ts';
import { encryptSegment } from './segment.ts';

export interface EncryptOptions {
  readonly dataKey: KeyObject;
  /** 0 for an object that is put whole. */
  readonly part: number;
  readonly random: RandomBytes;
}

/**
 * A body that comes out encrypted, segment by segment, while it flows. What is said of it (digests, checksum, seal) stays
 * what is true of the plaintext. At most one segment is held.
 */
export function encryptBody(body: BodySource, options: EncryptOptions): BodySource {
  return {
    bytes: encryptedBytes(body.bytes),
    chunks: segments(body, options),
    encrypted: true,
    facts: () => body.facts(),
  };
}

async function* segments(body: BodySource, { dataKey, part, random }: EncryptOptions): AsyncGenerator<Buffer> {
  const last = segmentCount(body.bytes) - 1;
  let index = 0;
  let pieces: Buffer[] = [];
  let held = 0;
  // A fresh IV each time, so that no pair of key and IV meets two plaintexts, however often a part is sent again.
  const encrypted = (): Buffer =>
    encryptSegment(dataKey, { part, index, last: index === last }, { pieces, iv: random(IV_BYTES) });
  for await (const chunk of exactly(body)) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + plainBytesOf(index, body.bytes) - held);
      pieces.push(piece);
      at += piece.length;
      held += piece.length;
      if (held < plainBytesOf(index, body.bytes)) continue;
      yield encrypted();
      index += 1;
      pieces = [];
      held = 0;
    }
  }
  if (body.bytes === 0) yield encrypted();
}
