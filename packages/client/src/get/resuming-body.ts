import { Fault } from '@sealgate/core/faults';
import { READ_IDLE_TIMEOUT_MS, READ_RESUMES_MAX } from '../limits.ts';

export interface BodyOpener {
  /** Opens the body from this byte on, of the very same object. */
  openFrom(offset: number): Promise<ReadableStream<Uint8Array>>;
  /** Waits before a reopening. */
  pause(interruption: number): Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A body that survives interruptions: when the connection breaks or falls silent, it goes on from the byte after the
 * last one. Gives up when the same place fails again and again.
 *
 * A server that has less than `total` bytes shows as an early end, which is for the reader of the body to judge: bytes
 * are never made up and never repeated.
 * @throws Fault GatewayUnreachable; what reopening throws; the signal's reason
 */
export async function* resumingBody(
  first: ReadableStream<Uint8Array>,
  total: number,
  opener: BodyOpener,
): AsyncGenerator<Uint8Array, void, undefined> {
  let stream = first;
  let offset = 0;
  for (let interruptions = 0; ; ) {
    const reader = stream.getReader();
    try {
      for (let next = await readInTime(reader); !next.done; next = await readInTime(reader)) {
        offset += next.value.length;
        interruptions = 0;
        yield next.value;
      }
      return;
    } catch (cause) {
      opener.signal?.throwIfAborted();
      interruptions += 1;
      if (offset >= total) return; // everything is here; only the connection's end went wrong
      if (interruptions > READ_RESUMES_MAX) {
        throw new Fault('GatewayUnreachable', 'The download broke off again and again. Try again later.', { cause });
      }
    } finally {
      // Also when the consumer stops early: the connection must not stay busy. A broken stream needs no farewell.
      reader.cancel().catch(() => undefined);
    }
    await opener.pause(interruptions);
    stream = await opener.openFrom(offset);
  }
}

async function readInTime(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
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
