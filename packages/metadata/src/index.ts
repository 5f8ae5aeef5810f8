export { auditActions } from './audit/actions.ts';
export { dumpMetadata } from './backup/dump.ts';
export { type RestoredMetadata, restoreMetadata } from './backup/restore.ts';
export type { MetadataLogger } from './logger.ts';
export { type MigrateResult, migrate } from './migrate/migrate.ts';
export { type OpenedMetadata, type OpenMetadataOptions, openMetadata } from './open.ts';
export type { SecretPassphrase } from './secrets/open-secrets.ts';
export type { DatabaseStatus, QueueDepths } from './status.ts';
