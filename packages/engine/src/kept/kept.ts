import type { Clock } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';

/** Answers that are kept for a while. */
export interface Kept<K extends string, V extends object> {
  /**
   * The kept answer, or a new one: whoever asks while a question is under way waits for its answer.
   * @throws what the question throws; that is not kept
   */
  get(key: K): V | Promise<V>;
  /** Whoever asks from now on gets an answer to a question that is asked from now on. */
  forget(key: K): void;
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

  function renew(key: K, before: V | undefined): Promise<V> {
    const askedMs = clock.monotonic();
    const asked: Promise<V> = ask(key, before).then(
      (answer) => {
        // Forgotten meanwhile: it is answered to those who waited, and not kept.
        if (asking.get(key) === asked) {
          asking.delete(key);
          answers.set(key, { askedMs, answer });
        }
        return answer;
      },
      (error: unknown) => {
        if (asking.get(key) === asked) asking.delete(key);
        throw error;
      },
    );
    asking.set(key, asked);
    return asked;
  }

  return {
    get(key) {
      const known = answers.get(key);
      if (known !== undefined && clock.monotonic() - known.askedMs < freshMs) return known.answer;
      return asking.get(key) ?? renew(key, known?.answer);
    },
    forget(key) {
      answers.delete(key);
      asking.delete(key);
    },
  };
}
