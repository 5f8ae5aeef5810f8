import type { ByteSource } from './source.ts';

/**
 * A pull-driven stream over a generator: nothing runs ahead of the consumer but the window of jobs. Cancelling, aborting
 * and failing all release the source.
 */
export function toReadable(
  generator: AsyncGenerator<Uint8Array, void, undefined>,
  options: { readonly source: Pick<ByteSource, 'cancel'>; readonly signal?: AbortSignal | undefined },
): ReadableStream<Uint8Array> {
  const { source, signal } = options;
  let onAbort: (() => void) | undefined;
  const release = async (reason: unknown): Promise<void> => {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    // The source first: the generator may wait for it.
    await source.cancel(reason);
    await generator.return();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal?.reason);
          release(signal?.reason).catch(() => undefined);
        };
        if (signal?.aborted === true) onAbort();
        else signal?.addEventListener('abort', onAbort, { once: true });
      },
      async pull(controller) {
        try {
          const { value, done } = await generator.next();
          if (signal?.aborted === true) return;
          if (done === true) {
            if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
            controller.close();
          } else {
            controller.enqueue(value);
          }
        } catch (error) {
          if (signal?.aborted === true) return;
          controller.error(error);
          // The first failure is what the consumer must see.
          await release(error).catch(() => undefined);
        }
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
