import type { Readable } from 'node:stream';
import { Fault, toFault } from '@sealgate/core/faults';

/**
 * The next `bytes` of a stream in one piece. Whatever is there already comes without waiting, so a small body costs no
 * listener. One call at a time; nobody else may read the stream.
 *
 * @throws Fault BackendCorrupt when the stream ends before; its own error when it fails
 */
export function readExactly(stream: Readable, bytes: number): Buffer | Promise<Buffer> {
  const there = take(stream, bytes);
  if (there !== undefined) return there;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      try {
        const taken = take(stream, bytes);
        if (taken !== undefined) settle(() => resolve(taken));
      } catch (error) {
        settle(() => reject(toFault(error)));
      }
    };
    const settle = (done: () => void): void => {
      stream.off('readable', look);
      stream.off('end', look);
      stream.off('error', look);
      stream.off('close', look);
      done();
    };
    stream.on('readable', look);
    stream.on('end', look);
    stream.on('error', look);
    stream.on('close', look);
  });
}

function take(stream: Readable, bytes: number): Buffer | undefined {
  const taken = stream.read(bytes) as Buffer | null;
  if (taken?.length === bytes) return taken;
  if (stream.errored) throw stream.errored;
  // Less than was asked for comes only at the end; after it nothing ever comes.
  if (taken !== null || stream.readableEnded || stream.destroyed) {
    throw new Fault('BackendCorrupt', 'The stored copy is shorter than it should be.');
  }
  return undefined;
}
