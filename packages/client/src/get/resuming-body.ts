import { Fault } from '@sealgate/core/faults';
import { READ_IDLE_TIMEOUT_MS, READ_RESUMES_MAX } from '../limits.ts';

/** A body that is being read: locked, so that nothing else can take or drop it. */
export type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Takes the body of an answer at once. A `fetch` may cancel a body that nobody reads when its Response object is
 * collected as garbage, which happens while the owner is asked for a passphrase; a locked one it leaves alone.
 */
export function takeBody(response: Response): BodyReader {
  return (response.body ?? new Blob().stream()).getReader();
}

export interface BodyOpener {
  /** Opens the body from this byte on, of the very same object. */
  openFrom(offset: number): Promise<BodyReader>;
  /** Waits before a reopening. */
  pause(interruption: number): Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A body that survives interruptions: when the connection breaks, falls silent or ends early, it goes on from the byte
 * after the last one. Bytes are never made up and never repeated.
 *
 * When the same place fails again and again it gives up: a broken connection is a failure, a server that has no more
 * bytes shows as an early end, which is for the reader of the body to judge.
 * @throws Fault GatewayUnreachable; what reopening throws; the signal's reason
 */
export async function* resumingBody(
  first: BodyReader,
  total: number,
  opener: BodyOpener,
): AsyncGenerator<Uint8Array, void, undefined> {
  let reader = first;
  let offset = 0;
  for (let interruptions = 0; ; ) {
    let cause: unknown;
    try {
      for (let next = await readInTime(reader); !next.done; next = await readInTime(reader)) {
        offset += next.value.length;
        interruptions = 0;
        yield next.value;
      }
    } catch (error) {
      cause = error;
      opener.signal?.throwIfAborted();
    } finally {
      // Also when the consumer stops early: the connection must not stay busy. A broken stream needs no farewell.
      reader.cancel().catch(() => undefined);
    }
    if (offset >= total) return;
    interruptions += 1;
    if (interruptions > READ_RESUMES_MAX) {
      if (cause === undefined) return;
      throw new Fault('GatewayUnreachable', 'The download broke off again and again. Try again later.', { cause });
    }
    await opener.pause(interruptions);
    reader = await opener.openFrom(offset);
  }
}

async function readInTime(reader: BodyReader): Promise<ReadableStreamReadResult<Uint8Array>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('No data in time.')), READ_IDLE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
