export type { InTime } from './in-time.ts';
export { listBackups, readBackup, readBackupIndex } from './read-backup.ts';
export { ARCHIVE_PREFIX, BACKUP_PREFIX, backupIndexKey, backupTimeOf } from './stored-backup.ts';
