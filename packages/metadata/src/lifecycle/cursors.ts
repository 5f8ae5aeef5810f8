import type { MetadataCursors } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

export function createCursors({ database }: Context): MetadataCursors {
  return {
    async leaseCursor(name, holder, leaseMs) {
      const [row] = await database.write<{ position: unknown }>('lease-cursor', [name, holder, leaseMs]);
      return row === undefined ? undefined : { position: row.position };
    },
    async saveCursor(name, holder, { position, leaseMs }) {
      const rows = await database.write('save-cursor', [name, holder, JSON.stringify(position), leaseMs]);
      return rows.length > 0;
    },
  };
}
