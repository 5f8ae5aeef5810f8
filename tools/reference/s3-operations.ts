import type { OperationName } from '@sealgate/s3';

/**
 * What becomes of an operation of the S3 API.
 *
 * `works`: by what every backend has. `lifted`: out of the gateway's own metadata, whatever the backends lack. `kept`:
 * stored, checked and given back, but nothing acts on it. `answered`: as AWS answers for a bucket that never had such a
 * setting, which is true. `refused`: NotImplemented; the reason stands with the operation's name in `packages/s3`.
 */
export type OperationEntry =
  | { readonly state: 'works' | 'lifted' | 'kept'; readonly test: TestFile; readonly note?: string }
  | {
      readonly state: 'answered';
      /** Undefined: with an empty list, or success. */
      readonly code?: string;
      readonly test: TestFile;
    }
  | { readonly state: 'refused' };

/** Where a state is proved in more depth than by the test of the ledger itself. Checked to exist. */
export const tests = {
  ledger: 'tests/acceptance/compatibility.test.ts',
  javascript: 'tests/interop/javascript-sdk.test.ts',
  races: 'tests/acceptance/races.test.ts',
  access: 'tests/acceptance/access-control.test.ts',
  encryption: 'tests/acceptance/server-side-encryption.test.ts',
  settings: 'tests/acceptance/bucket-settings.test.ts',
  lock: 'tests/acceptance/object-lock.test.ts',
  tagging: 'tests/acceptance/tagging.test.ts',
  notifications: 'tests/acceptance/notifications.test.ts',
} as const;

export type TestFile = keyof typeof tests;

const works = (test: TestFile, note?: string): OperationEntry => entry('works', test, note);
const lifted = (test: TestFile, note?: string): OperationEntry => entry('lifted', test, note);
const kept = (note: string): OperationEntry => entry('kept', 'settings', note);
const answered = (code?: string): OperationEntry => ({
  state: 'answered',
  test: 'ledger',
  ...(code === undefined ? {} : { code }),
});
const refused: OperationEntry = { state: 'refused' };

function entry(state: 'works' | 'lifted' | 'kept', test: TestFile, note?: string): OperationEntry {
  return { state, test, ...(note === undefined ? {} : { note }) };
}

const PARTS = 'Parts lie where the policy of the bucket wants them, like objects.';
const NO_WEBSITE = 'No website is served: the gateway has no website endpoint.';
const PAYER = 'Who pays is answered and demanded; bills are the operator’s.';

/** Every operation of the union: one that is missing here does not compile. */
export const operationLedger = {
  ListBuckets: works('ledger'),
  ListDirectoryBuckets: refused,
  WriteGetObjectResponse: refused,

  CreateBucket: works('access', 'LocationConstraint may hold a residency list (FI,DE or EU).'),
  CreateBucketMetadataConfiguration: refused,
  CreateBucketMetadataTableConfiguration: refused,
  CreateSession: refused,
  DeleteBucket: works('ledger'),
  DeleteBucketAnalyticsConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketCors: lifted('ledger'),
  DeleteBucketEncryption: lifted('encryption'),
  DeleteBucketIntelligentTieringConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketInventoryConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketLifecycle: lifted('ledger'),
  DeleteBucketMetadataConfiguration: refused,
  DeleteBucketMetadataTableConfiguration: refused,
  DeleteBucketMetricsConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketOwnershipControls: lifted('access'),
  DeleteBucketPolicy: lifted('access'),
  DeleteBucketReplication: answered(),
  DeleteBucketTagging: lifted('tagging'),
  DeleteBucketWebsite: kept(NO_WEBSITE),
  DeleteObjects: works('javascript'),
  DeletePublicAccessBlock: lifted('access'),
  GetBucketAbac: refused,
  GetBucketAccelerateConfiguration: kept('Every endpoint is as fast as it gets.'),
  GetBucketAcl: lifted('access'),
  GetBucketAnalyticsConfiguration: answered('NoSuchConfiguration'),
  GetBucketCors: lifted('ledger'),
  GetBucketEncryption: lifted('encryption'),
  GetBucketIntelligentTieringConfiguration: answered('NoSuchConfiguration'),
  GetBucketInventoryConfiguration: answered('NoSuchConfiguration'),
  GetBucketLifecycleConfiguration: lifted('ledger'),
  GetBucketLocation: works('ledger'),
  GetBucketLogging: lifted('ledger'),
  GetBucketMetadataConfiguration: refused,
  GetBucketMetadataTableConfiguration: refused,
  GetBucketMetricsConfiguration: answered('NoSuchConfiguration'),
  GetBucketNotificationConfiguration: lifted('notifications'),
  GetBucketOwnershipControls: lifted('access'),
  GetBucketPolicy: lifted('access'),
  GetBucketPolicyStatus: lifted('access'),
  GetBucketReplication: answered('ReplicationConfigurationNotFoundError'),
  GetBucketRequestPayment: lifted('settings', PAYER),
  GetBucketTagging: lifted('tagging'),
  GetBucketVersioning: lifted('ledger'),
  GetBucketWebsite: kept(NO_WEBSITE),
  GetObjectLockConfiguration: lifted('lock'),
  GetPublicAccessBlock: lifted('access'),
  HeadBucket: works('ledger'),
  ListBucketAnalyticsConfigurations: answered(),
  ListBucketIntelligentTieringConfigurations: answered(),
  ListBucketInventoryConfigurations: answered(),
  ListBucketMetricsConfigurations: answered(),
  ListMultipartUploads: works('ledger'),
  ListObjects: works('ledger', 'In the order of the keys, whatever the backends’ order.'),
  ListObjectsV2: works('javascript', 'In the order of the keys, whatever the backends’ order.'),
  ListObjectVersions: lifted('races'),
  PostObject: works('ledger', 'Form policies signed with version 4; version 2 where a tenant allows it.'),
  PreflightBucket: lifted('ledger'),
  PutBucketAbac: refused,
  PutBucketAccelerateConfiguration: kept('Every endpoint is as fast as it gets.'),
  PutBucketAcl: lifted('access'),
  PutBucketAnalyticsConfiguration: refused,
  PutBucketCors: lifted('ledger'),
  PutBucketEncryption: lifted('encryption', 'SSE-S3. Not in strict buckets, whose clients seal.'),
  PutBucketIntelligentTieringConfiguration: refused,
  PutBucketInventoryConfiguration: refused,
  PutBucketLifecycleConfiguration: lifted('ledger', 'Redundancy classes stand in for storage classes.'),
  PutBucketLogging: lifted('settings'),
  PutBucketMetricsConfiguration: refused,
  PutBucketNotificationConfiguration: lifted('notifications', 'To webhooks, which the operator registers.'),
  PutBucketOwnershipControls: lifted('access'),
  PutBucketPolicy: lifted('access'),
  PutBucketReplication: refused,
  PutBucketRequestPayment: lifted('settings', PAYER),
  PutBucketTagging: lifted('tagging'),
  PutBucketVersioning: lifted('races', 'MFA delete is refused.'),
  PutBucketWebsite: kept(NO_WEBSITE),
  PutObjectLockConfiguration: lifted('lock'),
  PutPublicAccessBlock: lifted('access'),
  UpdateBucketMetadataAnnotationTableConfiguration: refused,
  UpdateBucketMetadataInventoryTableConfiguration: refused,
  UpdateBucketMetadataJournalTableConfiguration: refused,

  AbortMultipartUpload: works('races'),
  CompleteMultipartUpload: works('races', 'May be repeated.'),
  CopyObject: works('javascript'),
  CreateMultipartUpload: works('races', PARTS),
  DeleteObject: works('access', 'Conditions are decided in the transaction.'),
  DeleteObjectAnnotation: refused,
  DeleteObjectTagging: lifted('tagging'),
  GetObject: works('javascript', 'Every block is compared with its digest before it goes out.'),
  GetObjectAcl: lifted('access'),
  GetObjectAnnotation: refused,
  GetObjectAttributes: lifted('ledger'),
  GetObjectLegalHold: lifted('lock'),
  GetObjectRetention: lifted('lock'),
  GetObjectTagging: lifted('tagging'),
  GetObjectTorrent: refused,
  HeadObject: works('javascript'),
  ListObjectAnnotations: refused,
  ListParts: works('ledger'),
  PreflightObject: lifted('ledger'),
  PutObject: works('javascript', 'Answered when the ack rule of the class holds over verified copies.'),
  PutObjectAcl: lifted('access'),
  PutObjectAnnotation: refused,
  PutObjectLegalHold: lifted('lock'),
  PutObjectRetention: lifted('lock'),
  PutObjectTagging: lifted('tagging'),
  RenameObject: refused,
  RestoreObject: refused,
  SelectObjectContent: refused,
  UpdateObjectEncryption: refused,
  UploadPart: works('races', PARTS),
  UploadPartCopy: works('encryption', PARTS),
} as const satisfies Record<OperationName, OperationEntry>;
