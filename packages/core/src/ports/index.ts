export type {
  BackendDriver,
  BackendHealthSample,
  BlobFacts,
  ByteRange,
  CallOptions,
  GetBlobOptions,
  ListBlobsOptions,
  ListBlobsPage,
  ListedBlob,
  OpenedBlob,
  PresignedPut,
  PresignPut,
  PutBlob,
  PutReceipt,
} from './backend-driver.ts';
export type { BackendOutcome, BackendPool } from './backend-pool.ts';
export type { BackendProbe, ProbeAnswer, ProbeTarget } from './backend-probe.ts';
export { ALL_PLACES, type CacheConnector, type CacheLookup, type CachePlace, type CacheStore } from './cache-store.ts';
export { type Checksum, type ChecksumAlgorithm, checksumAlgorithms } from './checksum.ts';
export { type Clock, pause, systemClock } from './clock.ts';
export type { KeyManagement } from './key-management.ts';
export type { KeyWrapper, WrappedKey } from './key-wrapper.ts';
export type { Metadata } from './metadata.ts';
export type {
  Agent,
  AgentReport,
  AgentSession,
  MetadataAgents,
  NewAgent,
  OpenAgentSession,
} from './metadata-agents.ts';
export type {
  AuditFilter,
  AuditSigner,
  AuditStore,
  NewLeaf,
  RequestBatch,
  SequencedEntry,
  StoredCheckpoint,
} from './metadata-audit.ts';
export {
  BACKUP_CURSOR,
  BACKUP_REQUEST_CURSOR,
  type BackupChange,
  type MetadataBackups,
} from './metadata-backups.ts';
export type { CacheMember, CacheSpace, CacheView, MetadataCacheMembers } from './metadata-cache-members.ts';
export type { CursorPosition, CursorState, MetadataCursors } from './metadata-cursors.ts';
export {
  type ChangeEnvelopes,
  type EnvelopeChange,
  type EnvelopeOutcome,
  type EnvelopesPage,
  type ListEnvelopes,
  type MetadataEnvelopes,
  SEALED_FORMAT,
  type StoredEnvelope,
} from './metadata-envelopes.ts';
export type {
  ConfirmedRemovals,
  ErasedCopies,
  Erasure,
  ErasureState,
  LockedVersion,
  LockedVersions,
  MetadataErasures,
} from './metadata-erasures.ts';
export type { MetadataGrants, NewGrant, SealedGrant } from './metadata-grants.ts';
export type { DueDeletion, LockPush, MetadataHousekeeping, PendingRepair } from './metadata-housekeeping.ts';
export type {
  Job,
  JobKind,
  JobState,
  JobStats,
  JobTarget,
  LeaseEnd,
  LeaseOutcome,
  LeaseRepairs,
  LeaseResult,
  ListJobs,
  MetadataJobs,
  NewJob,
  RepairLease,
  Worker,
} from './metadata-jobs.ts';
export type { KeyringRecord, MetadataKeyrings, PublishKeyring } from './metadata-keyrings.ts';
export type {
  ExpireOutcome,
  JudgedVersion,
  MetadataLifecycle,
  ReplaceBlob,
  WalkedRecord,
} from './metadata-lifecycle.ts';
export type {
  DeadLetter,
  DeliveryOutcome,
  DueDelivery,
  MetadataNotifications,
  NewWebhook,
  PendingEvent,
  Webhook,
  WebhookTarget,
} from './metadata-notifications.ts';
export type {
  CommittedVersion,
  CommitUpload,
  CommitVersion,
  DeletedObject,
  DeleteObject,
  ListedObject,
  ListedVersion,
  ListObjects,
  ListObjectsPage,
  ListVersions,
  ListVersionsPage,
  MetadataObjects,
  ObjectPreconditions,
  SegmentRecord,
  UpdateVersion,
  VersionPart,
  WriteCause,
} from './metadata-objects.ts';
export type {
  DueRemoval,
  MetadataPlacement,
  ReplicaChange,
  ReplicaChangeOutcome,
  WalkedBlob,
} from './metadata-placement.ts';
export type {
  LoggedChange,
  LogMark,
  ManifestRequest,
  MetadataRecovery,
  RecoveryKey,
  RecoveryStatus,
} from './metadata-recovery.ts';
export type {
  BackendFacts,
  BackendStateChange,
  MetadataRegistry,
  NewBackend,
  NewBucket,
  NewCredential,
  NewTenant,
  Page,
} from './metadata-registry.ts';
export type { MetadataSecrets } from './metadata-secrets.ts';
export type {
  ControlGrant,
  ControlRole,
  MetadataSessions,
  NewOidcProvider,
  NewRole,
  NewSession,
  OidcProvider,
  Role,
  RoleTrust,
  WebIdentityTrust,
} from './metadata-sessions.ts';
export type { MetadataSnapshots, NewSnapshot, Snapshot } from './metadata-snapshots.ts';
export type { ListedCopy, MetadataSweeps, StrayCopy, SweepFindings, SweepHold, VacuumKind } from './metadata-sweeps.ts';
export type { CommitPart, MetadataUploads, PartRecord, UploadRecord } from './metadata-uploads.ts';
export type {
  BackendUsageEvent,
  BackendUsageMetric,
  MetadataUsage,
  UsageEvent,
  UsageMetric,
  UsageQuestion,
  UsageRow,
} from './metadata-usage.ts';
export type {
  MetadataWritePlans,
  NewWritePlan,
  PlannedCommit,
  PlannedJob,
  WritePlanRecord,
} from './metadata-write-plans.ts';
export {
  type Acl,
  type AclGrantee,
  type AclPermission,
  type AuditActor,
  type Backend,
  type BackendCapabilities,
  type BackendPrices,
  type BackendState,
  type BackendType,
  type BackgroundLimits,
  type BlobLayout,
  type BlobRecord,
  type Bucket,
  type BucketConfigKind,
  type Credential,
  type CustodyMode,
  type EncryptionMode,
  type EnvelopeRecord,
  type GatewayEncryption,
  type ObjectOwnership,
  type ObjectVersion,
  PLAIN_ATTRIBUTES,
  type PolicyRecord,
  type ReplicaPlace,
  type ReplicaRecord,
  type ReplicaState,
  type RequestRecording,
  type Retention,
  type StoredHeaders,
  type Tenant,
  type TenantSettings,
  type VersionAttributes,
  type Versioning,
} from './model.ts';
export type { SourceAnswer, SourcePage, SourcePlace, StorageSource } from './storage-source.ts';
export { completeSettings } from './tenant-settings.ts';
export type { WebhookAnswer, WebhookMessage, WebhookSender } from './webhook-sender.ts';
