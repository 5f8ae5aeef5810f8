import type { BucketOperationName, ObjectOperationName } from './names.ts';

/** Methods that S3 knows. HEAD ignores sub-resources, so it has no row in the tables. */
export type RoutedMethod = 'GET' | 'PUT' | 'POST' | 'DELETE';
type Row<Name> = Readonly<Partial<Record<RoutedMethod, Name>>>;

/**
 * Sub-resources of a bucket, the more telling ones first: when a query names several, the first row that it names
 * decides.
 */
export const bucketRoutes: ReadonlyMap<string, Row<BucketOperationName>> = new Map<string, Row<BucketOperationName>>([
  ['abac', { GET: 'GetBucketAbac', PUT: 'PutBucketAbac' }],
  ['accelerate', { GET: 'GetBucketAccelerateConfiguration', PUT: 'PutBucketAccelerateConfiguration' }],
  ['acl', { GET: 'GetBucketAcl', PUT: 'PutBucketAcl' }],
  [
    'analytics',
    {
      GET: 'GetBucketAnalyticsConfiguration',
      PUT: 'PutBucketAnalyticsConfiguration',
      DELETE: 'DeleteBucketAnalyticsConfiguration',
    },
  ],
  ['cors', { GET: 'GetBucketCors', PUT: 'PutBucketCors', DELETE: 'DeleteBucketCors' }],
  ['delete', { POST: 'DeleteObjects' }],
  ['encryption', { GET: 'GetBucketEncryption', PUT: 'PutBucketEncryption', DELETE: 'DeleteBucketEncryption' }],
  [
    'intelligent-tiering',
    {
      GET: 'GetBucketIntelligentTieringConfiguration',
      PUT: 'PutBucketIntelligentTieringConfiguration',
      DELETE: 'DeleteBucketIntelligentTieringConfiguration',
    },
  ],
  [
    'inventory',
    {
      GET: 'GetBucketInventoryConfiguration',
      PUT: 'PutBucketInventoryConfiguration',
      DELETE: 'DeleteBucketInventoryConfiguration',
    },
  ],
  [
    'lifecycle',
    {
      GET: 'GetBucketLifecycleConfiguration',
      PUT: 'PutBucketLifecycleConfiguration',
      DELETE: 'DeleteBucketLifecycle',
    },
  ],
  ['location', { GET: 'GetBucketLocation' }],
  ['logging', { GET: 'GetBucketLogging', PUT: 'PutBucketLogging' }],
  ['metadataAnnotationTable', { PUT: 'UpdateBucketMetadataAnnotationTableConfiguration' }],
  [
    'metadataConfiguration',
    {
      GET: 'GetBucketMetadataConfiguration',
      POST: 'CreateBucketMetadataConfiguration',
      DELETE: 'DeleteBucketMetadataConfiguration',
    },
  ],
  ['metadataInventoryTable', { PUT: 'UpdateBucketMetadataInventoryTableConfiguration' }],
  ['metadataJournalTable', { PUT: 'UpdateBucketMetadataJournalTableConfiguration' }],
  [
    'metadataTable',
    {
      GET: 'GetBucketMetadataTableConfiguration',
      POST: 'CreateBucketMetadataTableConfiguration',
      DELETE: 'DeleteBucketMetadataTableConfiguration',
    },
  ],
  [
    'metrics',
    {
      GET: 'GetBucketMetricsConfiguration',
      PUT: 'PutBucketMetricsConfiguration',
      DELETE: 'DeleteBucketMetricsConfiguration',
    },
  ],
  ['notification', { GET: 'GetBucketNotificationConfiguration', PUT: 'PutBucketNotificationConfiguration' }],
  ['object-lock', { GET: 'GetObjectLockConfiguration', PUT: 'PutObjectLockConfiguration' }],
  [
    'ownershipControls',
    {
      GET: 'GetBucketOwnershipControls',
      PUT: 'PutBucketOwnershipControls',
      DELETE: 'DeleteBucketOwnershipControls',
    },
  ],
  ['policy', { GET: 'GetBucketPolicy', PUT: 'PutBucketPolicy', DELETE: 'DeleteBucketPolicy' }],
  ['policyStatus', { GET: 'GetBucketPolicyStatus' }],
  [
    'publicAccessBlock',
    { GET: 'GetPublicAccessBlock', PUT: 'PutPublicAccessBlock', DELETE: 'DeletePublicAccessBlock' },
  ],
  ['replication', { GET: 'GetBucketReplication', PUT: 'PutBucketReplication', DELETE: 'DeleteBucketReplication' }],
  ['requestPayment', { GET: 'GetBucketRequestPayment', PUT: 'PutBucketRequestPayment' }],
  ['session', { GET: 'CreateSession' }],
  ['tagging', { GET: 'GetBucketTagging', PUT: 'PutBucketTagging', DELETE: 'DeleteBucketTagging' }],
  ['uploads', { GET: 'ListMultipartUploads' }],
  ['versioning', { GET: 'GetBucketVersioning', PUT: 'PutBucketVersioning' }],
  ['versions', { GET: 'ListObjectVersions' }],
  ['website', { GET: 'GetBucketWebsite', PUT: 'PutBucketWebsite', DELETE: 'DeleteBucketWebsite' }],
]);

/** With an `id` these speak of one configuration, without it GET lists them all. */
export const configurationLists: ReadonlyMap<BucketOperationName, BucketOperationName> = new Map([
  ['GetBucketAnalyticsConfiguration', 'ListBucketAnalyticsConfigurations'],
  ['GetBucketIntelligentTieringConfiguration', 'ListBucketIntelligentTieringConfigurations'],
  ['GetBucketInventoryConfiguration', 'ListBucketInventoryConfigurations'],
  ['GetBucketMetricsConfiguration', 'ListBucketMetricsConfigurations'],
]);

/** Sub-resources of an object. `uploadId` comes first: a part of an upload is never anything else. */
export const objectRoutes: ReadonlyMap<string, Row<ObjectOperationName>> = new Map<string, Row<ObjectOperationName>>([
  [
    'uploadId',
    {
      GET: 'ListParts',
      PUT: 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    },
  ],
  ['uploads', { POST: 'CreateMultipartUpload' }],
  ['acl', { GET: 'GetObjectAcl', PUT: 'PutObjectAcl' }],
  ['annotation', { GET: 'GetObjectAnnotation', PUT: 'PutObjectAnnotation', DELETE: 'DeleteObjectAnnotation' }],
  ['attributes', { GET: 'GetObjectAttributes' }],
  ['encryption', { PUT: 'UpdateObjectEncryption' }],
  ['legal-hold', { GET: 'GetObjectLegalHold', PUT: 'PutObjectLegalHold' }],
  ['renameObject', { PUT: 'RenameObject' }],
  ['restore', { POST: 'RestoreObject' }],
  ['retention', { GET: 'GetObjectRetention', PUT: 'PutObjectRetention' }],
  ['select', { POST: 'SelectObjectContent' }],
  ['tagging', { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' }],
  ['torrent', { GET: 'GetObjectTorrent' }],
]);
