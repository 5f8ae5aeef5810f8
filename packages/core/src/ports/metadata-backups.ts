import type { BackendId } from '../names/index.ts';
import type { CursorPosition } from './metadata-cursors.ts';
import type { AuditActor } from './model.ts';

/** The range (`MetadataCursors`) whose position says which backups of the metadata there are. */
export const BACKUP_CURSOR = 'metadata-backup';
/** Its position is the moment of the newest request, as the database's milliseconds since 1970. */
export const BACKUP_REQUEST_CURSOR = 'metadata-backup-request';

/** What the log is to hear of. */
export interface BackupChange {
  readonly kind: 'made' | 'removed';
  readonly id: string;
  /** As stored, of one copy. */
  readonly bytes: number;
  readonly backends: readonly BackendId[];
}

/** Backups of the metadata: what is known of them is a position like any other, changes of which are logged. */
export interface MetadataBackups {
  /** Asks for a backup now. @returns the moment, milliseconds since 1970 */
  requestBackup(actor: AuditActor): Promise<number>;
  /** As `saveCursor` of `BACKUP_CURSOR`, with an entry of the log for each change in the same transaction. */
  saveBackups(
    holder: string,
    save: {
      readonly position: CursorPosition;
      readonly leaseMs: number;
      readonly changes: readonly BackupChange[];
      readonly actor: AuditActor;
    },
  ): Promise<boolean>;
}
