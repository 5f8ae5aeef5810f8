import { addAbortListener } from 'node:events';
import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';

export interface ExactBody {
  readonly body: Readable | Uint8Array;
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/**
 * The body's chunks, exactly `bytes` of them in sum. The last chunk is kept back until the source has ended, so that a
 * body that turns out too long is complete nowhere. The source is consumed or destroyed when the generator ends, and an
 * abort ends it even while it waits for the source.
 *
 * @throws Fault IncompleteBody; the signal's reason; whatever error the source has
 */
export async function* exactBody({ body, bytes, signal }: ExactBody): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  if (body instanceof Uint8Array) {
    if (body.length !== bytes) throw lengthFault();
    if (bytes > 0) yield body;
    return;
  }
  using _ = addAbortListener(signal, () => body.destroy(signal.reason as Error));
  try {
    let seen = 0;
    let last: Uint8Array | undefined;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      seen += chunk.length;
      if (seen > bytes) throw lengthFault();
      if (last !== undefined) yield last;
      last = chunk;
    }
    signal.throwIfAborted();
    if (seen !== bytes) throw lengthFault();
    if (last !== undefined) yield last;
  } finally {
    discardBody(body);
  }
}

/** Ends a source that nobody will read. */
export function discardBody(body: Readable | Uint8Array): void {
  if (!(body instanceof Uint8Array) && !body.destroyed) body.destroy();
}

function lengthFault(): Fault {
  return new Fault('IncompleteBody', 'The body does not have the length that was declared for it.');
}
