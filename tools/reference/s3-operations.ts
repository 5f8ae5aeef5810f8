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
  awsCli: 'tests/interop/aws-cli.test.ts',
  operation: 'tests/acceptance/operation.test.ts',
  races: 'tests/acceptance/races.test.ts',
  lock: 'tests/acceptance/object-lock.test.ts',
  tagging: 'tests/acceptance/tagging.test.ts',
  notifications: 'tests/acceptance/notifications.test.ts',
  badInput: 'tests/acceptance/bad-input.test.ts',
} as const;

export type TestFile = keyof typeof tests;

const works = (test: TestFile, note?: string): OperationEntry => entry('works', test, note);
const lifted = (test: TestFile, note?: string): OperationEntry => entry('lifted', test, note);
const kept = (note: string): OperationEntry => entry('kept', 'ledger', note);
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
  ListBuckets: works('javascript'),
  ListDirectoryBuckets: refused,
  WriteGetObjectResponse: refused,

  CreateBucket: works('javascript', 'LocationConstraint may hold a residency list (FI,DE or EU).'),
  CreateBucketMetadataConfiguration: refused,
  CreateBucketMetadataTableConfiguration: refused,
  CreateSession: refused,
  DeleteBucket: works('javascript'),
  DeleteBucketAnalyticsConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketCors: lifted('ledger'),
  DeleteBucketEncryption: lifted('ledger'),
  DeleteBucketIntelligentTieringConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketInventoryConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketLifecycle: lifted('ledger'),
  DeleteBucketMetadataConfiguration: refused,
  DeleteBucketMetadataTableConfiguration: refused,
  DeleteBucketMetricsConfiguration: answered('NoSuchConfiguration'),
  DeleteBucketOwnershipControls: lifted('ledger'),
  DeleteBucketPolicy: lifted('ledger'),
  DeleteBucketReplication: answered(),
  DeleteBucketTagging: lifted('tagging'),
  DeleteBucketWebsite: kept(NO_WEBSITE),
  DeleteObjects: works('javascript'),
  DeletePublicAccessBlock: lifted('ledger'),
  GetBucketAbac: refused,
  GetBucketAccelerateConfiguration: kept('Every endpoint is as fast as it gets.'),
  GetBucketAcl: lifted('ledger'),
  GetBucketAnalyticsConfiguration: answered('NoSuchConfiguration'),
  GetBucketCors: lifted('ledger'),
  GetBucketEncryption: lifted('ledger'),
  GetBucketIntelligentTieringConfiguration: answered('NoSuchConfiguration'),
  GetBucketInventoryConfiguration: answered('NoSuchConfiguration'),
  GetBucketLifecycleConfiguration: lifted('ledger'),
  GetBucketLocation: works('javascript'),
  GetBucketLogging: lifted('ledger'),
  GetBucketMetadataConfiguration: refused,
  GetBucketMetadataTableConfiguration: refused,
  GetBucketMetricsConfiguration: answered('NoSuchConfiguration'),
  GetBucketNotificationConfiguration: lifted('notifications'),
  GetBucketOwnershipControls: lifted('ledger'),
  GetBucketPolicy: lifted('ledger'),
  GetBucketPolicyStatus: lifted('ledger'),
  GetBucketReplication: answered('ReplicationConfigurationNotFoundError'),
  GetBucketRequestPayment: lifted('ledger', PAYER),
  GetBucketTagging: lifted('tagging'),
  GetBucketVersioning: lifted('ledger'),
  GetBucketWebsite: kept(NO_WEBSITE),
  GetObjectLockConfiguration: lifted('lock'),
  GetPublicAccessBlock: lifted('ledger'),
  HeadBucket: works('javascript'),
  ListBucketAnalyticsConfigurations: answered(),
  ListBucketIntelligentTieringConfigurations: answered(),
  ListBucketInventoryConfigurations: answered(),
  ListBucketMetricsConfigurations: answered(),
  ListMultipartUploads: works('ledger'),
  ListObjects: works('awsCli', 'In the order of the keys, whatever the backends’ order.'),
  ListObjectsV2: works('javascript', 'In the order of the keys, whatever the backends’ order.'),
  ListObjectVersions: lifted('ledger'),
  PostObject: works('ledger', 'Form policies signed with version 4; version 2 where a tenant allows it.'),
  PreflightBucket: lifted('ledger'),
  PutBucketAbac: refused,
  PutBucketAccelerateConfiguration: kept('Every endpoint is as fast as it gets.'),
  PutBucketAcl: lifted('ledger'),
  PutBucketAnalyticsConfiguration: refused,
  PutBucketCors: lifted('ledger'),
  PutBucketEncryption: lifted('ledger', 'SSE-S3. Not in strict buckets, whose clients seal.'),
  PutBucketIntelligentTieringConfiguration: refused,
  PutBucketInventoryConfiguration: refused,
  PutBucketLifecycleConfiguration: lifted('ledger', 'Redundancy classes stand in for storage classes.'),
  PutBucketLogging: lifted('ledger'),
  PutBucketMetricsConfiguration: refused,
  PutBucketNotificationConfiguration: lifted('notifications', 'To webhooks, which the operator registers.'),
  PutBucketOwnershipControls: lifted('ledger'),
  PutBucketPolicy: lifted('ledger'),
  PutBucketReplication: refused,
  PutBucketRequestPayment: lifted('ledger', PAYER),
  PutBucketTagging: lifted('tagging'),
  PutBucketVersioning: lifted('ledger', 'MFA delete is refused.'),
  PutBucketWebsite: kept(NO_WEBSITE),
  PutObjectLockConfiguration: lifted('lock'),
  PutPublicAccessBlock: lifted('ledger'),
  UpdateBucketMetadataAnnotationTableConfiguration: refused,
  UpdateBucketMetadataInventoryTableConfiguration: refused,
  UpdateBucketMetadataJournalTableConfiguration: refused,

  AbortMultipartUpload: works('ledger'),
  CompleteMultipartUpload: works('javascript', 'May be repeated.'),
  CopyObject: works('javascript'),
  CreateMultipartUpload: works('javascript', PARTS),
  DeleteObject: works('javascript', 'Conditions are decided in the transaction.'),
  DeleteObjectAnnotation: refused,
  DeleteObjectTagging: lifted('tagging'),
  GetObject: works('javascript', 'Every block is compared with its digest before it goes out.'),
  GetObjectAcl: lifted('ledger'),
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
  PutObjectAcl: lifted('ledger'),
  PutObjectAnnotation: refused,
  PutObjectLegalHold: lifted('lock'),
  PutObjectRetention: lifted('lock'),
  PutObjectTagging: lifted('tagging'),
  RenameObject: refused,
  RestoreObject: refused,
  SelectObjectContent: refused,
  UpdateObjectEncryption: refused,
  UploadPart: works('javascript', PARTS),
  UploadPartCopy: works('ledger', PARTS),
} as const satisfies Record<OperationName, OperationEntry>;
