import { addAbortListener } from 'node:events';
import { Readable } from 'node:stream';

/** A body from bytes that are at hand, in chunks of at most `chunkBytes`. An abort destroys it with the reason. */
export function streamOf(
  bytes: Uint8Array,
  options: { readonly chunkBytes: number; readonly signal: AbortSignal },
): Readable {
  let at = 0;
  const stream = new Readable({
    highWaterMark: options.chunkBytes,
    read() {
      if (at >= bytes.length) {
        stream.push(null);
        return;
      }
      const end = Math.min(at + options.chunkBytes, bytes.length);
      stream.push(bytes.subarray(at, end));
      at = end;
    },
  });
  destroyOnAbort(stream, options.signal);
  return stream;
}

/** Ties a stream to a signal for as long as it is open. The error reaches the stream's reader, never the process. */
export function destroyOnAbort(stream: Readable, signal: AbortSignal): void {
  const listening = addAbortListener(signal, () => stream.destroy(signal.reason as Error));
  stream.once('close', () => listening[Symbol.dispose]());
  // A reader that has gone away, or not yet come, must not turn the abort into an uncaught error.
  stream.on('error', () => undefined);
}
