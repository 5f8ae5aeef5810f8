export { type InTime, listBackups, readBackup, readBackupIndex } from './read-backup.ts';
export { ARCHIVE_PREFIX, BACKUP_PREFIX, backupTimeOf } from './stored-backup.ts';
