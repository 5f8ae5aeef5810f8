/** Web streams are not async iterable in every browser yet, so these two functions are the only seam between the forms. */

export type ByteChunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** The chunks of a stream. Leaving the loop early cancels the stream. */
export async function* chunksOf(input: ByteChunks): AsyncGenerator<Uint8Array, void, undefined> {
  if (!('getReader' in input)) {
    yield* input;
    return;
  }
  const reader = input.getReader();
  let ended = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    ended = true;
  } finally {
    // A failed stream rejects this too; its failure is on its way to the consumer already.
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

/** A stream that pulls from a generator and closes it when the consumer lets go. */
export function streamOf(chunks: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * All bytes in one array of a length known before.
 * @param wrongLength makes the error for more or fewer bytes
 */
export async function readExactly(
  input: ByteChunks,
  bytes: number,
  wrongLength: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(bytes);
  let filled = 0;
  for await (const chunk of chunksOf(input)) {
    if (filled + chunk.length > bytes) throw wrongLength();
    whole.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < bytes) throw wrongLength();
  return whole;
}
