import { BACKUP_CURSOR, BACKUP_REQUEST_CURSOR, type MetadataBackups, type MetadataCursors } from '@sealgate/core/ports';
import type { MemoryState } from './state.ts';

export function createBackups(
  state: MemoryState,
  { saveCursor }: Pick<MetadataCursors, 'saveCursor'>,
): MetadataBackups {
  return {
    async requestBackup() {
      const now = state.clock.now();
      state.cursors.set(BACKUP_REQUEST_CURSOR, { position: now, holder: '', leasedUntilMs: 0, savedAtMs: now });
      return now;
    },
    saveBackups: (holder, { position, leaseMs }) => saveCursor(BACKUP_CURSOR, holder, { position, leaseMs }),
  };
}
