import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { BackendNumbers } from '../codec/replicas.ts';
import type { Database } from './database.ts';

/** Reads the whole (small) table again when a number or id is not known yet. Numbers are never reused. */
export function createBackendNumbers(database: Database): BackendNumbers {
  const numbers = new Map<BackendId, number>();
  const ids = new Map<number, BackendId>();

  async function reload(): Promise<void> {
    for (const row of await database.read<{ num: number; id: BackendId }>('backend-numbers', [])) {
      numbers.set(row.id, row.num);
      ids.set(row.num, row.id);
    }
  }

  return {
    async numberOf(id) {
      if (!numbers.has(id)) await reload();
      const found = numbers.get(id);
      if (found === undefined) throw new Fault('NoSuchBackend', `There is no backend ${id}.`);
      return found;
    },
    async idOf(number) {
      if (!ids.has(number)) await reload();
      const found = ids.get(number);
      if (found === undefined) throw new Fault('InternalError', `There is no backend number ${number}.`);
      return found;
    },
  };
}
