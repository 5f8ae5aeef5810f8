import type { Logger } from '@sealgate/runtime/log';

/** What has to be closed, in the order in which it was opened. */
type Close = (graceMs: number) => Promise<void>;

export interface Closers {
  /** @param beside the step added before begins to close first, and both close at the same time */
  add(name: string, close: Close, options?: { readonly beside: boolean }): void;
  /**
   * Closes newest first, one by one but for those that close beside another. A failure is logged and hides nothing of
   * what follows. An abort of `forced` ends the waiting for a close under way, never the closing.
   */
  close(graceMs: number, forced: AbortSignal): Promise<void>;
}

interface Step {
  readonly name: string;
  readonly close: Close;
}

export function createClosers(logger: Logger): Closers {
  const steps: Step[][] = [];
  return {
    add(name, close, { beside } = { beside: false }) {
      const last = beside ? steps.at(-1) : undefined;
      if (last === undefined) steps.push([{ name, close }]);
      else last.push({ name, close });
    },
    async close(graceMs, forced) {
      const endMs = performance.now() + graceMs;
      for (const together of steps.splice(0).reverse()) {
        const leftMs = forced.aborted ? 0 : Math.max(0, endMs - performance.now());
        const closing = together.map(async ({ name, close }) => {
          await close(leftMs).catch((error: unknown) => {
            logger.error({ err: error, step: name }, 'could not be closed cleanly');
          });
          logger.debug({ step: name }, 'closed');
        });
        await Promise.race([Promise.all(closing), aborted(forced)]);
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
