import type { Fault } from '@sealgate/core/faults';

interface Relay {
  readonly signal: AbortSignal;
  abort(reason: Fault): void;
  /** The outer signal says nothing more. */
  release(): void;
}

/** A signal that aborts with another one, or on its own. What `AbortSignal.any` does, for a tenth of its price. */
export function relay(outer: AbortSignal): Relay {
  const inner = new AbortController();
  const onAbort = (): void => inner.abort(outer.reason);
  if (outer.aborted) onAbort();
  else outer.addEventListener('abort', onAbort, { once: true });
  return {
    signal: inner.signal,
    abort: (reason) => inner.abort(reason),
    release: () => outer.removeEventListener('abort', onAbort),
  };
}
