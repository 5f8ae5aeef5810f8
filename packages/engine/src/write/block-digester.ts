import { createHash, type Hash, hash } from 'node:crypto';

const DIGEST_BYTES = 32;

/**
 * SHA-256 of one block, given in pieces. Here and now: handing a block to the thread pool costs the event loop more (a copy of the block,
 * a job, two turns) than hashing it does.
 */
export function digestBlock(pieces: readonly Uint8Array[]): Buffer {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return hash('sha256', only, 'buffer');
  const whole = createHash('sha256');
  for (const piece of pieces) whole.update(piece);
  return whole.digest();
}

export interface BlockDigester {
  /** Takes bytes in order. */
  push(chunk: Uint8Array): void;
  /** The digests of all blocks, joined: ceil(bytes / blockBytes) times 32 bytes. Nothing may be pushed after it. */
  finish(): Buffer;
}

/** Cuts a stream into blocks and digests each; the list is what every later read of the blob is checked against. */
export function createBlockDigester(blockBytes: number): BlockDigester {
  const digests: Buffer[] = [];
  /** The block under way; undefined between two blocks. */
  let block: Hash | undefined;
  let filled = 0;

  const take = (piece: Uint8Array): void => {
    if (block === undefined && piece.length === blockBytes) {
      digests.push(hash('sha256', piece, 'buffer'));
      return;
    }
    block ??= createHash('sha256');
    block.update(piece);
    filled += piece.length;
    if (filled === blockBytes) close();
  };

  const close = (): void => {
    if (block !== undefined) digests.push(block.digest());
    block = undefined;
    filled = 0;
  };

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + blockBytes - filled);
        take(piece);
        at += piece.length;
      }
    },
    finish() {
      close();
      return Buffer.concat(digests, digests.length * DIGEST_BYTES);
    },
  };
}
