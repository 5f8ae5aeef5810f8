import type { Clock } from '@sealgate/core/ports';
import type { LRUCache } from 'lru-cache';
import { untilOver } from './until-over.ts';

/** A read-through cache that never keeps an answer which a change overtook. */
export interface GuardedCache<K extends string, V extends object> {
  /** The kept value, or what `load` finds; nothing found is not kept. */
  get(key: K, load: () => Promise<V | undefined>): Promise<V | undefined>;
  /** Runs a change of one key: the entry is out before and after, and loads that began earlier are not kept. */
  change<T>(key: K, run: () => Promise<T>): Promise<T>;
  /** Loads under way are answered but not kept. */
  overtakeLoads(): void;
  /** The same as `change` for every key. */
  changeAll<T>(run: () => Promise<T>): Promise<T>;
}

/**
 * Invariant: a kept value was loaded by a query that began after the last change of its key had ended. Loads note the
 * generation they began in; a change raises it at its start and at its end. A change that failed without an answer ends when it
 * cannot land any more.
 */
export function createGuardedCache<K extends string, V extends object>(
  lru: LRUCache<K, V>,
  clock: Pick<Clock, 'schedule'>,
): GuardedCache<K, V> {
  const loading = new Map<K, { readonly result: Promise<V | undefined>; overtaken: boolean }>();
  /** Changes under way. While one is, a load of its key may see either side of it and is not kept. */
  const changing = new Map<K, number>();
  let changingAll = 0;

  const overtake = (key: K): void => {
    lru.delete(key);
    const load = loading.get(key);
    if (load === undefined) return;
    load.overtaken = true;
    // Whoever asks from now on must not share a load that began before the change.
    loading.delete(key);
  };
  const overtakeLoads = (): void => {
    for (const load of loading.values()) load.overtaken = true;
    loading.clear();
  };
  const overtakeAll = (): void => {
    lru.clear();
    overtakeLoads();
  };

  return {
    get(key, load) {
      const kept = lru.get(key);
      if (kept !== undefined) return Promise.resolve(kept);
      const shared = loading.get(key);
      if (shared !== undefined) return shared.result;
      const entry = { result: load(), overtaken: false };
      loading.set(key, entry);
      return entry.result
        .then((value) => {
          const calm = !entry.overtaken && changingAll === 0 && !changing.has(key);
          if (value !== undefined && calm) lru.set(key, value);
          return value;
        })
        .finally(() => {
          if (loading.get(key) === entry) loading.delete(key);
        });
    },
    overtakeLoads,
    change(key, run) {
      changing.set(key, (changing.get(key) ?? 0) + 1);
      overtake(key);
      return untilOver(clock, run, () => {
        overtake(key);
        const left = (changing.get(key) ?? 1) - 1;
        if (left === 0) changing.delete(key);
        else changing.set(key, left);
      });
    },
    changeAll(run) {
      changingAll += 1;
      overtakeAll();
      return untilOver(clock, run, () => {
        overtakeAll();
        changingAll -= 1;
      });
    },
  };
}
