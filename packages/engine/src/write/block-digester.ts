import { hash } from 'node:crypto';

/** Up to this size a block is digested here and now; above, on the thread pool, beside the event loop. */
const SYNC_BYTES_MAX = 16 * 1024;
const DIGEST_BYTES = 32;
/** Blocks under digestion at one time for one stream. */
const IN_FLIGHT_MAX = 4;

/** SHA-256 of one block, given in pieces. */
export function digestBlock(pieces: readonly Uint8Array[], bytes: number): Uint8Array | Promise<Uint8Array> {
  const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes);
  if (bytes <= SYNC_BYTES_MAX) return hash('sha256', whole, 'buffer');
  return crypto.subtle.digest('SHA-256', whole as Uint8Array<ArrayBuffer>).then((digest) => new Uint8Array(digest));
}

/** Digest list of a body that is held whole. */
export async function digestWhole(body: Uint8Array, blockBytes: number): Promise<Uint8Array> {
  const digester = createBlockDigester(blockBytes);
  await digester.push(body);
  return digester.finish();
}

export interface BlockDigester {
  /** Takes bytes in order; waits when too many blocks are under digestion. The bytes must not change afterwards. */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** The digests of all blocks, joined: ceil(bytes / blockBytes) times 32 bytes. */
  finish(): Promise<Uint8Array>;
}

/** Cuts a stream into blocks and digests each; the list is what every later read of the blob is checked against. */
export function createBlockDigester(blockBytes: number): BlockDigester {
  let pieces: Uint8Array[] = [];
  let filled = 0;
  const digests: (Uint8Array | Promise<Uint8Array>)[] = [];

  const close = (): void => {
    const digest = digestBlock(pieces, filled);
    // The failure, if any, surfaces in finish(); this only keeps it from being called unhandled until then.
    if (digest instanceof Promise) digest.catch(() => undefined);
    digests.push(digest);
    pieces = [];
    filled = 0;
  };

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const take = Math.min(blockBytes - filled, chunk.length - at);
        pieces.push(chunk.subarray(at, at + take));
        filled += take;
        at += take;
        if (filled === blockBytes) close();
      }
      const oldest = digests[digests.length - IN_FLIGHT_MAX];
      return oldest instanceof Promise ? oldest.then(() => undefined) : undefined;
    },
    async finish() {
      if (filled > 0) close();
      const list = Buffer.allocUnsafe(digests.length * DIGEST_BYTES);
      for (const [index, digest] of digests.entries()) {
        list.set(digest instanceof Promise ? await digest : digest, index * DIGEST_BYTES);
      }
      return list;
    },
  };
}
