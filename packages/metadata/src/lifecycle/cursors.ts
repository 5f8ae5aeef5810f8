import type { MetadataCursors } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

interface CursorRow {
  readonly name: string;
  readonly position: unknown;
  readonly updated_at: number;
  readonly leased: boolean;
}

export function createCursors({ database }: Context): MetadataCursors {
  return {
    async leaseCursor(name, holder, leaseMs) {
      const [row] = await database.write<{ position: unknown }>('lease-cursor', [name, holder, leaseMs]);
      return row === undefined ? undefined : { position: row.position };
    },
    async readCursor(name) {
      const [row] = await database.read<{ position: unknown }>('read-cursor', [name]);
      return row?.position ?? null;
    },
    async saveCursor(name, holder, { position, leaseMs }) {
      const rows = await database.write('save-cursor', [name, holder, JSON.stringify(position), leaseMs]);
      return rows.length > 0;
    },
    async releaseCursors(holder) {
      return (await database.write('release-cursors', [holder])).length;
    },
    async countCursors(prefix, text) {
      const [row] = await database.read<{ count: number }>('count-cursors', [prefix, text]);
      return row?.count ?? 0;
    },
    async listCursors(prefix) {
      const rows = await database.read<CursorRow>('list-cursors', [prefix]);
      return rows.map(({ name, position, updated_at, leased }) => ({ name, position, savedAtMs: updated_at, leased }));
    },
  };
}
