import type { MetadataBackups } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

export function createBackups(context: Context): MetadataBackups {
  const { database } = context;
  return {
    async requestBackup(actor) {
      const [row] = await database.write<{ at: number }>('request-backup', [...(await context.actor(actor))]);
      return row?.at ?? 0;
    },
    async saveBackups(holder, { position, leaseMs, changes, actor }) {
      const values = [holder, JSON.stringify(position), leaseMs, JSON.stringify(changes)];
      return (await database.write('save-backups', [...values, ...(await context.actor(actor))])).length > 0;
    },
  };
}
