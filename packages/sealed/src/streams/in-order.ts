import { SealError } from '../format/codes.ts';
import { maxWindow } from '../format/limits.ts';

/** @throws SealError `invalid-argument` */
export function assertWindow(window: number): void {
  if (!Number.isSafeInteger(window) || window < 1 || window > maxWindow) {
    throw new SealError('invalid-argument', `The window must be 1 to ${maxWindow}.`);
  }
}

/**
 * Runs up to `window` jobs at once and yields their results in the order of the items. A finished head goes out while
 * the input is still awaited, so that a slow input delays nothing that is ready.
 *
 * When the consumer stops or a job fails, no new job starts and the running ones are awaited before it ends.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterator<Item, unknown, undefined>,
  window: number,
  run: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  let awaited: Promise<IteratorResult<Item, unknown>> | undefined;
  let exhausted = false;
  try {
    for (;;) {
      if (!exhausted && running.length < window) awaited ??= observed(items.next());
      const head = running[0];
      if (head === undefined && awaited === undefined) return;
      const ready = await firstOf(head, awaited);
      if (ready === 'head') {
        void running.shift();
        yield await (head as Promise<Result>);
      } else {
        const next = await (awaited as Promise<IteratorResult<Item, unknown>>);
        awaited = undefined;
        if (next.done === true) exhausted = true;
        else running.push(observed(run(next.value)));
      }
    }
  } finally {
    await Promise.allSettled(running);
  }
}

async function firstOf(
  head: Promise<unknown> | undefined,
  item: Promise<unknown> | undefined,
): Promise<'head' | 'item'> {
  const candidates: Promise<'head' | 'item'>[] = [];
  // A failure counts as ready too: who awaits the promise itself gets it.
  if (item !== undefined)
    candidates.push(
      item.then(
        () => 'item',
        () => 'item',
      ),
    );
  if (head !== undefined)
    candidates.push(
      head.then(
        () => 'head',
        () => 'head',
      ),
    );
  return Promise.race(candidates);
}

/** A job that fails while an earlier one is awaited must not count as an unhandled rejection. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
