/** One part that was acknowledged. */
export interface AckedPart {
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  /** Digests of its blocks, when the object is to be signed. */
  readonly leaves?: string | undefined;
}

/** A part on its way: its bytes are kept until the acknowledgement, a repetition sends them again. */
export interface OutgoingPart {
  readonly partNumber: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Uploads parts as they are cut, at most `concurrency` at once, and returns them in order. When one fails, or the
 * source does, no new one starts, those in flight are cancelled and awaited, and the first failure is thrown.
 * @param deps.acked called once for each part, in the order of acknowledgement
 */
export async function uploadParts<Part extends OutgoingPart>(
  parts: AsyncIterable<Part>,
  deps: {
    readonly concurrency: number;
    readonly upload: (part: Part, signal: AbortSignal) => Promise<Omit<AckedPart, 'partNumber'>>;
    readonly cut?: ((part: Part) => void) | undefined;
    readonly acked?: ((part: AckedPart) => Promise<void> | void) | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly AckedPart[]> {
  const done: AckedPart[] = [];
  const running = new Set<Promise<void>>();
  const failure = new AbortController();
  const signal = deps.signal === undefined ? failure.signal : AbortSignal.any([deps.signal, failure.signal]);

  async function run(part: Part): Promise<void> {
    const acked = { partNumber: part.partNumber, ...(await deps.upload(part, signal)) };
    done.push(acked);
    await deps.acked?.(acked);
  }

  try {
    for await (const part of parts) {
      signal.throwIfAborted();
      deps.cut?.(part);
      const job = run(part);
      running.add(job);
      job.then(
        () => running.delete(job),
        (error: unknown) => failure.abort(error),
      );
      while (running.size >= deps.concurrency) {
        await Promise.race(running);
        signal.throwIfAborted();
      }
    }
    await Promise.all(running);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(running);
    throw signal.reason;
  }
  return done.toSorted((a, b) => a.partNumber - b.partNumber);
}
