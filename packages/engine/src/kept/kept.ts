import type { Clock } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';

/** Answers that are kept for a while. */
export interface Kept<K extends string, V extends object> {
  /**
   * The kept answer, or a new one: whoever asks while a question is under way waits for its answer.
   * @throws what the question throws; that is not kept
   */
  get(key: K): V | Promise<V>;
}

/**
 * Keeps answers for `freshMs` from when they were asked for, at most `max` of them. However many ask at one moment, one
 * question is asked.
 */
export function createKept<K extends string, V extends object>(deps: {
  readonly max: number;
  readonly freshMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** `before`: the answer that is too old now, if it is still there. */
  readonly ask: (key: K, before: V | undefined) => Promise<V>;
}): Kept<K, V> {
  const { max, freshMs, clock, ask } = deps;
  const answers = new LRUCache<K, { readonly askedMs: number; readonly answer: V }>({ max });
  const asking = new Map<K, Promise<V>>();

  async function renew(key: K, before: V | undefined): Promise<V> {
    const askedMs = clock.monotonic();
    try {
      const answer = await ask(key, before);
      answers.set(key, { askedMs, answer });
      return answer;
    } finally {
      asking.delete(key);
    }
  }

  return {
    get(key) {
      const known = answers.get(key);
      if (known !== undefined && clock.monotonic() - known.askedMs < freshMs) return known.answer;
      const underWay = asking.get(key);
      if (underWay !== undefined) return underWay;
      const asked = renew(key, known?.answer);
      asking.set(key, asked);
      return asked;
    },
  };
}
