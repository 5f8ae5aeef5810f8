import { Fault } from '@sealgate/core/faults';
import { LRUCache } from 'lru-cache';
import { TERMS_CACHED_MAX } from '../limits.ts';
import type { Database } from './database.ts';

// Kinds as stored: never change a letter.
const kinds = { class: 'c', verdict: 'v', actor: 'a' } as const;
export type TermKind = keyof typeof kinds;

/** Words that rows keep as numbers. Rows of the table never change, so what was read once stays right. */
export interface Terms {
  /** The word's number; a new word is stored first, in a transaction of its own. */
  idOf(kind: TermKind, value: string): Promise<number>;
  /** @throws Fault InternalError when there is no such word: the row that names it is damaged. */
  valueOf(id: number): Promise<string>;
}

export function createTerms(database: Database): Terms {
  const ids = new LRUCache<string, number>({ max: TERMS_CACHED_MAX });
  const values = new LRUCache<number, string>({ max: TERMS_CACHED_MAX });
  return {
    async idOf(kind, value) {
      const known = ids.get(kinds[kind] + value);
      if (known !== undefined) return known;
      const [row] = await database.write<{ id: number }>('intern-term', [kinds[kind], value]);
      if (row === undefined) throw new Fault('InternalError', 'A term could not be stored.');
      ids.set(kinds[kind] + value, row.id);
      values.set(row.id, value);
      return row.id;
    },
    async valueOf(id) {
      const known = values.get(id);
      if (known !== undefined) return known;
      const [row] = await database.read<{ value: string }>('term', [id]);
      if (row === undefined) throw new Fault('InternalError', `No term ${id}.`);
      values.set(id, row.value);
      return row.value;
    },
  };
}
