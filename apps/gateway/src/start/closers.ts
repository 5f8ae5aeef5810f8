import type { Logger } from '@sealgate/runtime/log';

/** What has to be closed, in the order in which it was opened. */
export interface Closers {
  add(name: string, close: (graceMs: number) => Promise<void>): void;
  /**
   * Closes what takes work in all at once, newest first, then the rest one by one. A failure is logged and hides
   * nothing of what follows. An abort of `forced` ends the waiting for a close under way, never the closing.
   */
  close(graceMs: number, forced: AbortSignal): Promise<void>;
}

export function createClosers(logger: Logger): Closers {
  const steps: { readonly name: string; readonly close: (graceMs: number) => Promise<void> }[] = [];
  return {
    add: (name, close) => steps.push({ name, close }),
    async close(graceMs, forced) {
      const endMs = performance.now() + graceMs;
      for (const step of steps.splice(0).reverse()) {
        const leftMs = forced.aborted ? 0 : Math.max(0, endMs - performance.now());
        const closing = step.close(leftMs).catch((error: unknown) => {
          logger.error({ err: error, step: step.name }, 'could not be closed cleanly');
        });
        await Promise.race([closing, aborted(forced)]);
        logger.debug({ step: step.name }, 'closed');
      }
    },
  };
}

/** Never resolves when the signal is aborted already: then every close has no grace and ends by itself. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!signal.aborted) signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
