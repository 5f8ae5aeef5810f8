import type { Bytes } from '../format/bytes.ts';

/** Where bytes come from. Chunks may have any size; they must not change after they were handed over. */
export type ByteInput = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Reads an input in pieces of the reader's choice. */
export interface ByteSource {
  /**
   * Exactly `length` bytes, fewer only at the end. A piece that lies within one chunk is not copied; another is put
   * together in `target`, or in new memory without one.
   */
  take(length: number, target?: Bytes): Promise<Bytes>;
  /** True when no byte is left. Waits for the next byte when there might be one. */
  ended(): Promise<boolean>;
  /** Lets go of the input at once, also while a read waits. Safe to call twice. */
  cancel(reason?: unknown): Promise<void>;
}

/** What a stream's reader and an iterator have in common: their answers have one form. */
interface Puller {
  next(): PulledBytes | Promise<PulledBytes>;
  cancel(reason?: unknown): Promise<void>;
}

type PulledBytes = IteratorResult<Uint8Array, unknown>;

export function createByteSource(input: ByteInput): ByteSource {
  const puller = 'getReader' in input ? pullStream(input) : pullIterable(input);
  let chunk: Uint8Array = new Uint8Array(0);
  let done = false;

  async function refill(): Promise<boolean> {
    while (chunk.length === 0 && !done) {
      const next = await puller.next();
      if (next.done === true) done = true;
      else chunk = next.value;
    }
    return chunk.length > 0;
  }

  function shift(length: number): Uint8Array {
    const taken = chunk.subarray(0, length);
    chunk = chunk.subarray(length);
    return taken;
  }

  return {
    async take(length, target) {
      if (chunk.length === 0 && !(await refill())) return new Uint8Array(0);
      // Node's and browsers' streams hand out plain ArrayBuffers; WebCrypto itself refuses shared memory.
      if (chunk.length >= length) return shift(length) as Bytes;
      const piece = target ?? new Uint8Array(length);
      let filled = 0;
      while (filled < length && (chunk.length > 0 || (await refill()))) {
        const part = shift(length - filled);
        piece.set(part, filled);
        filled += part.length;
      }
      return piece.subarray(0, filled);
    },
    async ended() {
      return chunk.length === 0 && !(await refill());
    },
    async cancel(reason) {
      done = true;
      chunk = new Uint8Array(0);
      await puller.cancel(reason);
    },
  };
}

function pullStream(stream: ReadableStream<Uint8Array>): Puller {
  const reader = stream.getReader();
  return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
}

function pullIterable(iterable: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Puller {
  const iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  return {
    next: () => iterator.next(),
    async cancel() {
      await iterator.return?.();
    },
  };
}
