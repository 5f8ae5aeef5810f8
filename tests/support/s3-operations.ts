// One call of every operation of the S3 API, in an order in which those that are served succeed.

/** What calls are made with. `noted` remembers what one answer gave for a later call. */
export interface Scene {
  readonly Bucket: string;
  /** Has object lock; its versions are held at the end of the run. */
  readonly Locked: string;
  readonly noted: Map<string, string>;
}

export interface OperationCall {
  readonly name: string;
  readonly input: (scene: Scene) => object;
  /** Members of the answer to remember, as `operation.member`. */
  readonly note?: readonly string[];
  /** Clients sign it for another service than S3, which is refused before anything else is looked at. */
  readonly foreign: boolean;
}

const Key = 'object';
const POLICY = (Bucket: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/denied` }],
  });
const LOCK_ENDS = new Date(Date.UTC(2030, 0, 1));
const Id = 'an-id';
const ANALYTICS = { Id, StorageClassAnalysis: {} };
const INVENTORY = {
  Id,
  IsEnabled: true,
  IncludedObjectVersions: 'All',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::elsewhere', Format: 'CSV' } },
};
const TIERING = { Id, Status: 'Enabled', Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }] };
const LIFECYCLE = { Rules: [{ ID: 'r', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 1 } }] };
const JOURNAL = { RecordExpiration: { Expiration: 'DISABLED' } };

const bucket = ({ Bucket }: Scene) => ({ Bucket });
const object = ({ Bucket }: Scene) => ({ Bucket, Key });
const byId = ({ Bucket }: Scene) => ({ Bucket, Id });
const locked = ({ Locked }: Scene) => ({ Bucket: Locked, Key });
const upload = ({ Bucket, noted }: Scene) => ({
  Bucket,
  Key: 'parts',
  UploadId: noted.get('CreateMultipartUpload.UploadId'),
});

type Row = readonly [name: string, input?: (scene: Scene) => object, note?: readonly string[]];

const rows: readonly Row[] = [
  ['ListBuckets', () => ({})],
  ['HeadBucket'],
  ['GetBucketLocation'],
  ['PutBucketVersioning', (s) => ({ ...bucket(s), VersioningConfiguration: { Status: 'Enabled' } })],
  ['GetBucketVersioning'],
  ['PutBucketTagging', (s) => ({ ...bucket(s), Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } })],
  ['GetBucketTagging'],
  ['DeleteBucketTagging'],
  [
    'PutBucketCors',
    (s) => ({
      ...bucket(s),
      CORSConfiguration: { CORSRules: [{ AllowedMethods: ['GET', 'PUT'], AllowedOrigins: ['https://site.example'] }] },
    }),
  ],
  ['GetBucketCors'],
  ['PutBucketLifecycleConfiguration', (s) => ({ ...bucket(s), LifecycleConfiguration: LIFECYCLE })],
  ['GetBucketLifecycleConfiguration'],
  ['DeleteBucketLifecycle'],
  [
    'PutBucketEncryption',
    (s) => ({
      ...bucket(s),
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    }),
  ],
  ['GetBucketEncryption'],
  ['DeleteBucketEncryption'],
  ['PutPublicAccessBlock', (s) => ({ ...bucket(s), PublicAccessBlockConfiguration: { BlockPublicAcls: true } })],
  ['GetPublicAccessBlock'],
  ['DeletePublicAccessBlock'],
  [
    'PutBucketOwnershipControls',
    (s) => ({ ...bucket(s), OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }),
  ],
  ['GetBucketOwnershipControls'],
  ['PutBucketAcl', (s) => ({ ...bucket(s), ACL: 'private' })],
  ['GetBucketAcl'],
  ['PutBucketPolicy', (s) => ({ ...bucket(s), Policy: POLICY(s.Bucket) })],
  ['GetBucketPolicy'],
  ['GetBucketPolicyStatus'],
  ['DeleteBucketPolicy'],
  ['PutBucketLogging', (s) => ({ ...bucket(s), BucketLoggingStatus: {} })],
  ['GetBucketLogging'],
  ['PutBucketNotificationConfiguration', (s) => ({ ...bucket(s), NotificationConfiguration: {} })],
  ['GetBucketNotificationConfiguration'],
  ['PutBucketRequestPayment', (s) => ({ ...bucket(s), RequestPaymentConfiguration: { Payer: 'BucketOwner' } })],
  ['GetBucketRequestPayment'],
  ['PutBucketAccelerateConfiguration', (s) => ({ ...bucket(s), AccelerateConfiguration: { Status: 'Suspended' } })],
  ['GetBucketAccelerateConfiguration'],
  ['PutBucketWebsite', (s) => ({ ...bucket(s), WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } })],
  ['GetBucketWebsite'],
  ['DeleteBucketWebsite'],

  ['PutObject', (s) => ({ ...object(s), Body: 'bytes' })],
  ['HeadObject', object],
  ['GetObject', object],
  ['GetObjectAttributes', (s) => ({ ...object(s), ObjectAttributes: ['ETag', 'ObjectSize'] })],
  ['PutObjectAcl', (s) => ({ ...object(s), ACL: 'private' })],
  ['GetObjectAcl', object],
  ['DeleteBucketOwnershipControls'],
  ['PutObjectTagging', (s) => ({ ...object(s), Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } })],
  ['GetObjectTagging', object],
  ['DeleteObjectTagging', object],
  ['CopyObject', (s) => ({ ...bucket(s), Key: 'copy', CopySource: `${s.Bucket}/${Key}` })],
  ['ListObjects'],
  ['ListObjectsV2'],
  ['ListObjectVersions'],
  ['CreateMultipartUpload', (s) => ({ ...bucket(s), Key: 'parts' }), ['UploadId']],
  ['UploadPart', (s) => ({ ...upload(s), PartNumber: 1, Body: 'bytes' }), ['ETag']],
  ['UploadPartCopy', (s) => ({ ...upload(s), PartNumber: 2, CopySource: `${s.Bucket}/${Key}` })],
  ['ListParts', upload],
  ['ListMultipartUploads'],
  [
    'CompleteMultipartUpload',
    (s) => ({
      ...upload(s),
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: s.noted.get('UploadPart.ETag') }] },
    }),
  ],
  ['CreateMultipartUpload', (s) => ({ ...bucket(s), Key: 'parts' }), ['UploadId']],
  ['AbortMultipartUpload', upload],

  [
    'PutObjectLockConfiguration',
    ({ Locked }) => ({ Bucket: Locked, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
  ],
  ['GetObjectLockConfiguration', ({ Locked }) => ({ Bucket: Locked })],
  ['PutObject', (s) => ({ ...locked(s), Body: 'bytes' })],
  ['PutObjectLegalHold', (s) => ({ ...locked(s), LegalHold: { Status: 'ON' } })],
  ['GetObjectLegalHold', locked],
  ['PutObjectRetention', (s) => ({ ...locked(s), Retention: { Mode: 'GOVERNANCE', RetainUntilDate: LOCK_ENDS } })],
  ['GetObjectRetention', locked],

  ['ListBucketAnalyticsConfigurations'],
  ['GetBucketAnalyticsConfiguration', byId],
  ['PutBucketAnalyticsConfiguration', (s) => ({ ...byId(s), AnalyticsConfiguration: ANALYTICS })],
  ['DeleteBucketAnalyticsConfiguration', byId],
  ['ListBucketIntelligentTieringConfigurations'],
  ['GetBucketIntelligentTieringConfiguration', byId],
  ['PutBucketIntelligentTieringConfiguration', (s) => ({ ...byId(s), IntelligentTieringConfiguration: TIERING })],
  ['DeleteBucketIntelligentTieringConfiguration', byId],
  ['ListBucketInventoryConfigurations'],
  ['GetBucketInventoryConfiguration', byId],
  ['PutBucketInventoryConfiguration', (s) => ({ ...byId(s), InventoryConfiguration: INVENTORY })],
  ['DeleteBucketInventoryConfiguration', byId],
  ['ListBucketMetricsConfigurations'],
  ['GetBucketMetricsConfiguration', byId],
  ['PutBucketMetricsConfiguration', (s) => ({ ...byId(s), MetricsConfiguration: { Id } })],
  ['DeleteBucketMetricsConfiguration', byId],
  ['GetBucketReplication'],
  [
    'PutBucketReplication',
    (s) => ({ ...bucket(s), ReplicationConfiguration: { Role: 'arn:aws:iam::a:role/b', Rules: [] } }),
  ],
  ['DeleteBucketReplication'],

  [
    'CreateBucketMetadataConfiguration',
    (s) => ({ ...bucket(s), MetadataConfiguration: { JournalTableConfiguration: JOURNAL } }),
  ],
  [
    'CreateBucketMetadataTableConfiguration',
    (s) => ({
      ...bucket(s),
      MetadataTableConfiguration: { S3TablesDestination: { TableBucketArn: 'arn:aws:s3tables:::b', TableName: 't' } },
    }),
  ],
  ['GetBucketMetadataConfiguration'],
  ['GetBucketMetadataTableConfiguration'],
  ['DeleteBucketMetadataConfiguration'],
  ['DeleteBucketMetadataTableConfiguration'],
  [
    'UpdateBucketMetadataAnnotationTableConfiguration',
    (s) => ({ ...bucket(s), AnnotationTableConfiguration: { ConfigurationState: 'ENABLED' } }),
  ],
  [
    'UpdateBucketMetadataInventoryTableConfiguration',
    (s) => ({ ...bucket(s), InventoryTableConfiguration: { ConfigurationState: 'ENABLED' } }),
  ],
  ['UpdateBucketMetadataJournalTableConfiguration', (s) => ({ ...bucket(s), JournalTableConfiguration: JOURNAL })],
  ['GetBucketAbac'],
  ['PutBucketAbac', (s) => ({ ...bucket(s), AbacStatus: { Status: 'Enabled' } })],
  ['CreateSession'],
  ['ListDirectoryBuckets', () => ({ MaxDirectoryBuckets: 10 })],
  ['RenameObject', (s) => ({ ...object(s), RenameSource: `${s.Bucket}/${Key}` })],
  ['PutObjectAnnotation', (s) => ({ ...object(s), AnnotationName: 'a', AnnotationPayload: 'x' })],
  ['GetObjectAnnotation', (s) => ({ ...object(s), AnnotationName: 'a' })],
  ['ListObjectAnnotations', object],
  ['DeleteObjectAnnotation', (s) => ({ ...object(s), AnnotationName: 'a' })],
  ['GetObjectTorrent', object],
  ['RestoreObject', (s) => ({ ...object(s), RestoreRequest: { Days: 1 } })],
  [
    'SelectObjectContent',
    (s) => ({
      ...object(s),
      Expression: 'select * from s3object',
      ExpressionType: 'SQL',
      InputSerialization: { CSV: {} },
      OutputSerialization: { CSV: {} },
    }),
  ],
  [
    'UpdateObjectEncryption',
    (s) => ({ ...object(s), ObjectEncryption: { SSEKMS: { KMSKeyArn: 'arn:aws:kms:::key/k' } } }),
  ],
  ['WriteGetObjectResponse', () => ({ RequestRoute: 'route', RequestToken: 'token' })],

  ['DeleteObjects', (s) => ({ ...bucket(s), Delete: { Objects: [{ Key: 'copy' }] } })],
  ['DeleteObject', object],
];

/** S3 Express and object lambdas have service names of their own. */
const FOREIGN = new Set(['ListDirectoryBuckets', 'WriteGetObjectResponse']);

export const operationCalls: readonly OperationCall[] = rows.map(([name, input = bucket, note]) => ({
  name,
  input,
  foreign: FOREIGN.has(name),
  ...(note === undefined ? {} : { note }),
}));

/** Those that the SDK has no command for (forms, preflights) or that the test needs before and after all others. */
export const otherOperations = [
  'PostObject',
  'PreflightBucket',
  'PreflightObject',
  'CreateBucket',
  'DeleteBucket',
  'DeleteBucketCors',
];
