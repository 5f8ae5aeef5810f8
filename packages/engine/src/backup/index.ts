export { type InTime, listBackups, readBackup, readBackupIndex } from './read-backup.ts';
export { backupTimeOf } from './stored-backup.ts';
