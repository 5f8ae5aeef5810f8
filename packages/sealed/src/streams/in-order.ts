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

/** Which of the two is settled first; the item when there is no head. A failure counts: who awaits the promise gets it. */
function firstOf(head: Promise<unknown> | undefined, item: Promise<unknown> | undefined): Promise<'head' | 'item'> {
  return new Promise((resolve) => {
    const [itemIsFirst, headIsFirst] = [(): void => resolve('item'), (): void => resolve('head')];
    item?.then(itemIsFirst, itemIsFirst);
    head?.then(headIsFirst, headIsFirst);
  });
}

/** A job that fails while an earlier one is awaited must not count as an unhandled rejection. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
