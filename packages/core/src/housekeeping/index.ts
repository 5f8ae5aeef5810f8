export { type BackendKey, BLOB_PREFIX, type KeyOwner, OTHER_PREFIXES, readBackendKey } from './backend-keys.ts';
export {
  type BackupFacts,
  type BackupRetention,
  backupsToKeep,
  backupTargets,
  type KeptAs,
} from './metadata-backups.ts';
