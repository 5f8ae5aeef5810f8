import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';

/** Takes the bytes of a stream as they come, cut as its caller asks, and copies none of them. */
export interface PieceReader {
  /**
   * The next `bytes` bytes in the pieces they came in; at once when they are there. One call at a time.
   * @throws Fault BackendCorrupt when the stream ends before; its own error when it fails
   */
  take(bytes: number): readonly Buffer[] | Promise<readonly Buffer[]>;
  /** Nothing more is wanted: the stream may run to its end. */
  finish(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: (pieces: readonly Buffer[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * States: untouched -> flowing <-> paused -> over. It listens to `data`, since `read` and the stream's iterator join
 * whatever has come in, which costs a copy of every byte; a stream that nobody waits for is paused, so at most one more
 * chunk than was asked for is held. Nobody else may read the stream.
 */
export function createPieceReader(stream: Readable): PieceReader {
  const pieces: Buffer[] = [];
  let held = 0;
  let listening = false;
  let waiting: Waiting | undefined;

  const keep = (chunk: Buffer): void => {
    pieces.push(chunk);
    held += chunk.length;
  };

  const settle = (how: (waiter: Waiting) => void): void => {
    const waiter = waiting;
    waiting = undefined;
    if (waiter !== undefined) how(waiter);
  };

  const onData = (chunk: Buffer): void => {
    keep(chunk);
    if (waiting === undefined) stream.pause();
    else if (held >= waiting.bytes) settle(({ bytes, resolve }) => resolve(cut(bytes)));
  };

  const onOver = (): void => settle(({ reject }) => reject(stream.errored ?? tooShort()));

  const cut = (bytes: number): Buffer[] => {
    const taken: Buffer[] = [];
    held -= bytes;
    for (let left = bytes; left > 0; ) {
      const piece = pieces.shift();
      if (piece === undefined) throw new Fault('InternalError', 'More was cut than is held.');
      if (piece.length > left) pieces.unshift(piece.subarray(left));
      taken.push(piece.length > left ? piece.subarray(0, left) : piece);
      left -= Math.min(left, piece.length);
    }
    return taken;
  };

  return {
    take(bytes) {
      // A small body is all there by now, and is taken without a listener.
      const there = listening || stream.readableLength === 0 ? null : (stream.read() as Buffer | null);
      if (there !== null) keep(there);
      if (held >= bytes) return cut(bytes);
      if (stream.errored !== null || stream.readableEnded || stream.destroyed) throw stream.errored ?? tooShort();
      return new Promise((resolve, reject) => {
        waiting = { bytes, resolve, reject };
        if (listening) stream.resume();
        else for (const event of ['end', 'error', 'close']) stream.on(event, onOver);
        if (!listening) stream.on('data', onData);
        listening = true;
      });
    },
    finish() {
      stream.off('data', onData);
      stream.resume();
    },
  };
}

function tooShort(): Fault {
  return new Fault('BackendCorrupt', 'The stored copy is shorter than it should be.');
}
