import { BACKUP_CURSOR, BACKUP_REQUEST_CURSOR } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, type World } from './context.ts';

const made = { kind: 'made', id: '0190a1b2c3d4-00000000', bytes: 7, backends: [] } as const;

/** What is known of backups of the metadata. */
export function describeBackups(world: World): void {
  const metadata = () => world.metadata();

  describe('backups of the metadata', () => {
    it('are asked for at a moment that whoever makes them can read', async () => {
      const first = await metadata().requestBackup(actor);
      expect(await metadata().readCursor(BACKUP_REQUEST_CURSOR)).toBe(first);
      const second = await metadata().requestBackup(actor);
      expect(second).toBeGreaterThanOrEqual(first);
      expect(await metadata().readCursor(BACKUP_REQUEST_CURSOR)).toBe(second);
      expect(Math.abs((await metadata().databaseTime()) - second)).toBeLessThan(60_000);
    });

    it('are noted by the process that makes them and by no other', async () => {
      const save = (holder: string, position: unknown) =>
        metadata().saveBackups(holder, { position, leaseMs: 0, changes: [made, { ...made, kind: 'removed' }], actor });
      await metadata().leaseCursor(BACKUP_CURSOR, 'one', 60_000);
      expect(await save('two', 'stolen')).toBe(false);
      expect(await metadata().readCursor(BACKUP_CURSOR)).toBeNull();
      expect(await save('one', { kept: [made] })).toBe(true);
      expect(await metadata().readCursor(BACKUP_CURSOR)).toEqual({ kept: [made] });
      expect(await metadata().leaseCursor(BACKUP_CURSOR, 'two', 0)).toEqual({ position: { kept: [made] } });
    });
  });
}
