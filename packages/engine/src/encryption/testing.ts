import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { ByteRange } from '@sealgate/core/ports';
import type { BodySource } from '../write/body.ts';
import { decryptRange } from './decrypt-range.ts';
import { type EncryptOptions, encryptBody } from './encrypt-body.ts';

export const keyOf = (fill: number): KeyObject => createSecretKey(Buffer.alloc(32, fill));

/** IVs that count, so that ciphertexts can be written down. */
export function countingRandom(): EncryptOptions['random'] {
  let count = 0;
  return (bytes) => {
    count += 1;
    return Buffer.alloc(bytes, count);
  };
}

/** @param cuts lengths of the chunks; the rest comes in one */
export function bodyOf(content: Buffer, cuts: readonly number[] = []): BodySource {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const chunk of cut(content, cuts)) yield await Promise.resolve(chunk);
  }
  const md5 = createHash('md5').update(content).digest();
  const facts = { md5, checksum: null, verdict: null, envelope: null };
  return { bytes: content.length, chunks: chunks(), facts: () => Promise.resolve(facts) };
}

export async function encrypted(body: BodySource, options: EncryptOptions): Promise<Buffer> {
  return await collected(encryptBody(body, options).chunks);
}

/** What `decryptRange` gives of bytes that come in chunks of `cuts`. */
export async function decrypted(
  blob: Parameters<typeof decryptRange>[0],
  range: ByteRange,
  stored: { readonly bytes: Buffer; readonly cuts?: readonly number[] },
): Promise<Buffer> {
  async function* read({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    for (const chunk of cut(stored.bytes.subarray(start, end + 1), stored.cuts ?? []))
      yield await Promise.resolve(chunk);
  }
  return await collected(decryptRange(blob, range, read));
}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of [...cuts, bytes.length]) {
    const piece = bytes.subarray(at, at + length);
    at += piece.length;
    if (piece.length > 0) pieces.push(piece);
  }
  return pieces;
}
