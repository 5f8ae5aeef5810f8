export type {
  BackendDriver,
  BackendHealthSample,
  ByteRange,
  CallOptions,
  GetBlobOptions,
  ListBlobsOptions,
  ListBlobsPage,
  ListedBlob,
  OpenedBlob,
  PutBlob,
  PutReceipt,
} from './backend-driver.ts';
export type { BackendOutcome, BackendPool } from './backend-pool.ts';
export type { BackendProbe, ProbeAnswer, ProbeTarget } from './backend-probe.ts';
export { type Clock, systemClock } from './clock.ts';
export type { Metadata } from './metadata.ts';
export type { DueDeletion, MetadataHousekeeping, PendingRepair } from './metadata-housekeeping.ts';
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
} from './metadata-objects.ts';
export type { MetadataRegistry, NewBackend, NewBucket, NewCredential, NewTenant, Page } from './metadata-registry.ts';
export type { CommitPart, MetadataUploads, PartRecord, UploadRecord } from './metadata-uploads.ts';
export type {
  AuditActor,
  Backend,
  BackendCapabilities,
  BackendState,
  BackendType,
  BlobLayout,
  BlobRecord,
  Bucket,
  BucketConfigKind,
  Checksum,
  ChecksumAlgorithm,
  Credential,
  CustodyMode,
  EncryptionMode,
  EnvelopeRecord,
  ObjectVersion,
  PolicyRecord,
  ReplicaRecord,
  ReplicaState,
  StoredHeaders,
  Tenant,
  Versioning,
} from './model.ts';
