import type { S3Action } from '@sealgate/core/access';
import type { OperationName } from './names.ts';

/**
 * What an operation needs the right for, and on what.
 *
 * `facts` tells what of the object counts: the one that exists (its owner, list and tags), the one that the request
 * writes, or the upload that it belongs to.
 */
export type OperationAccess =
  /** The caller's own account. */
  | { readonly on: 'account'; readonly action: S3Action }
  | { readonly on: 'new-bucket'; readonly action: S3Action }
  | { readonly on: 'bucket'; readonly action: S3Action }
  | {
      readonly on: 'object';
      readonly facts: 'existing' | 'deleted' | 'written' | 'upload';
      readonly action: S3Action;
      /** In place of `action` when the request names a version. */
      readonly ofVersion: S3Action;
      /** Needed too. */
      readonly also: readonly { readonly action: S3Action; readonly ofVersion: S3Action }[];
    }
  /** Keys that stand in the body: each one is asked for when it is known. */
  | { readonly on: 'keys-of-body'; readonly action: S3Action; readonly ofVersion: S3Action }
  /** Tells nothing but what the bucket's CORS rules say to everybody. */
  | { readonly on: 'nothing' }
  /** Nobody has the right: operations of AWS's other services, which share the union. */
  | { readonly on: 'never' };

type Facts = Extract<OperationAccess, { on: 'object' }>['facts'];

const bucket = (action: S3Action): OperationAccess => ({ on: 'bucket', action });
const object =
  (facts: Facts) =>
  (action: S3Action, ofVersion: S3Action = action): OperationAccess => ({
    on: 'object',
    facts,
    action,
    ofVersion,
    also: [],
  });
const existing = object('existing');
const written = object('written');
const upload = object('upload');
const nothing: OperationAccess = { on: 'nothing' };
const never: OperationAccess = { on: 'never' };

/**
 * The actions of every operation. An operation that is missing here does not compile, and one that is wrong here is
 * wrong everywhere: no other place decides it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
export const operationAccess: Readonly<Record<OperationName, OperationAccess>> = {
  ListBuckets: { on: 'account', action: 's3:ListAllMyBuckets' },
  ListDirectoryBuckets: never,
  WriteGetObjectResponse: never,

  CreateBucket: { on: 'new-bucket', action: 's3:CreateBucket' },
  CreateBucketMetadataConfiguration: bucket('s3:CreateBucketMetadataTableConfiguration'),
  CreateBucketMetadataTableConfiguration: bucket('s3:CreateBucketMetadataTableConfiguration'),
  CreateSession: never,
  DeleteBucket: bucket('s3:DeleteBucket'),
  DeleteBucketAnalyticsConfiguration: bucket('s3:PutAnalyticsConfiguration'),
  DeleteBucketCors: bucket('s3:PutBucketCORS'),
  DeleteBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  DeleteBucketIntelligentTieringConfiguration: bucket('s3:PutIntelligentTieringConfiguration'),
  DeleteBucketInventoryConfiguration: bucket('s3:PutInventoryConfiguration'),
  DeleteBucketLifecycle: bucket('s3:PutLifecycleConfiguration'),
  DeleteBucketMetadataConfiguration: bucket('s3:DeleteBucketMetadataTableConfiguration'),
  DeleteBucketMetadataTableConfiguration: bucket('s3:DeleteBucketMetadataTableConfiguration'),
  DeleteBucketMetricsConfiguration: bucket('s3:PutMetricsConfiguration'),
  DeleteBucketOwnershipControls: bucket('s3:PutBucketOwnershipControls'),
  DeleteBucketPolicy: bucket('s3:DeleteBucketPolicy'),
  DeleteBucketReplication: bucket('s3:PutReplicationConfiguration'),
  DeleteBucketTagging: bucket('s3:PutBucketTagging'),
  DeleteBucketWebsite: bucket('s3:DeleteBucketWebsite'),
  DeleteObjects: { on: 'keys-of-body', action: 's3:DeleteObject', ofVersion: 's3:DeleteObjectVersion' },
  DeletePublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  GetBucketAbac: bucket('s3:GetBucketAbac'),
  GetBucketAccelerateConfiguration: bucket('s3:GetAccelerateConfiguration'),
  GetBucketAcl: bucket('s3:GetBucketAcl'),
  GetBucketAnalyticsConfiguration: bucket('s3:GetAnalyticsConfiguration'),
  GetBucketCors: bucket('s3:GetBucketCORS'),
  GetBucketEncryption: bucket('s3:GetEncryptionConfiguration'),
  GetBucketIntelligentTieringConfiguration: bucket('s3:GetIntelligentTieringConfiguration'),
  GetBucketInventoryConfiguration: bucket('s3:GetInventoryConfiguration'),
  GetBucketLifecycleConfiguration: bucket('s3:GetLifecycleConfiguration'),
  GetBucketLocation: bucket('s3:GetBucketLocation'),
  GetBucketLogging: bucket('s3:GetBucketLogging'),
  GetBucketMetadataConfiguration: bucket('s3:GetBucketMetadataTableConfiguration'),
  GetBucketMetadataTableConfiguration: bucket('s3:GetBucketMetadataTableConfiguration'),
  GetBucketMetricsConfiguration: bucket('s3:GetMetricsConfiguration'),
  GetBucketNotificationConfiguration: bucket('s3:GetBucketNotification'),
  GetBucketOwnershipControls: bucket('s3:GetBucketOwnershipControls'),
  GetBucketPolicy: bucket('s3:GetBucketPolicy'),
  GetBucketPolicyStatus: bucket('s3:GetBucketPolicyStatus'),
  GetBucketReplication: bucket('s3:GetReplicationConfiguration'),
  GetBucketRequestPayment: bucket('s3:GetBucketRequestPayment'),
  GetBucketTagging: bucket('s3:GetBucketTagging'),
  GetBucketVersioning: bucket('s3:GetBucketVersioning'),
  GetBucketWebsite: bucket('s3:GetBucketWebsite'),
  GetObjectLockConfiguration: bucket('s3:GetBucketObjectLockConfiguration'),
  GetPublicAccessBlock: bucket('s3:GetBucketPublicAccessBlock'),
  HeadBucket: bucket('s3:ListBucket'),
  ListBucketAnalyticsConfigurations: bucket('s3:GetAnalyticsConfiguration'),
  ListBucketIntelligentTieringConfigurations: bucket('s3:GetIntelligentTieringConfiguration'),
  ListBucketInventoryConfigurations: bucket('s3:GetInventoryConfiguration'),
  ListBucketMetricsConfigurations: bucket('s3:GetMetricsConfiguration'),
  ListMultipartUploads: bucket('s3:ListBucketMultipartUploads'),
  ListObjects: bucket('s3:ListBucket'),
  ListObjectsV2: bucket('s3:ListBucket'),
  ListObjectVersions: bucket('s3:ListBucketVersions'),
  PostObject: { on: 'keys-of-body', action: 's3:PutObject', ofVersion: 's3:PutObject' },
  PreflightBucket: nothing,
  PutBucketAbac: bucket('s3:PutBucketAbac'),
  PutBucketAccelerateConfiguration: bucket('s3:PutAccelerateConfiguration'),
  PutBucketAcl: bucket('s3:PutBucketAcl'),
  PutBucketAnalyticsConfiguration: bucket('s3:PutAnalyticsConfiguration'),
  PutBucketCors: bucket('s3:PutBucketCORS'),
  PutBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  PutBucketIntelligentTieringConfiguration: bucket('s3:PutIntelligentTieringConfiguration'),
  PutBucketInventoryConfiguration: bucket('s3:PutInventoryConfiguration'),
  PutBucketLifecycleConfiguration: bucket('s3:PutLifecycleConfiguration'),
  PutBucketLogging: bucket('s3:PutBucketLogging'),
  PutBucketMetricsConfiguration: bucket('s3:PutMetricsConfiguration'),
  PutBucketNotificationConfiguration: bucket('s3:PutBucketNotification'),
  PutBucketOwnershipControls: bucket('s3:PutBucketOwnershipControls'),
  PutBucketPolicy: bucket('s3:PutBucketPolicy'),
  PutBucketReplication: bucket('s3:PutReplicationConfiguration'),
  PutBucketRequestPayment: bucket('s3:PutBucketRequestPayment'),
  PutBucketTagging: bucket('s3:PutBucketTagging'),
  PutBucketVersioning: bucket('s3:PutBucketVersioning'),
  PutBucketWebsite: bucket('s3:PutBucketWebsite'),
  PutObjectLockConfiguration: bucket('s3:PutBucketObjectLockConfiguration'),
  PutPublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  UpdateBucketMetadataAnnotationTableConfiguration: bucket('s3:UpdateBucketMetadataAnnotationTableConfiguration'),
  UpdateBucketMetadataInventoryTableConfiguration: bucket('s3:UpdateBucketMetadataInventoryTableConfiguration'),
  UpdateBucketMetadataJournalTableConfiguration: bucket('s3:UpdateBucketMetadataJournalTableConfiguration'),

  AbortMultipartUpload: upload('s3:AbortMultipartUpload'),
  CompleteMultipartUpload: written('s3:PutObject'),
  CopyObject: written('s3:PutObject'),
  CreateMultipartUpload: written('s3:PutObject'),
  DeleteObject: object('deleted')('s3:DeleteObject', 's3:DeleteObjectVersion'),
  DeleteObjectAnnotation: existing('s3:DeleteObjectAnnotation'),
  DeleteObjectTagging: existing('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
  GetObject: existing('s3:GetObject', 's3:GetObjectVersion'),
  GetObjectAcl: existing('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
  GetObjectAnnotation: existing('s3:GetObjectAnnotation'),
  GetObjectAttributes: {
    on: 'object',
    facts: 'existing',
    action: 's3:GetObject',
    ofVersion: 's3:GetObjectVersion',
    also: [{ action: 's3:GetObjectAttributes', ofVersion: 's3:GetObjectVersionAttributes' }],
  },
  GetObjectLegalHold: existing('s3:GetObjectLegalHold'),
  GetObjectRetention: existing('s3:GetObjectRetention'),
  GetObjectTagging: existing('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  GetObjectTorrent: existing('s3:GetObjectTorrent', 's3:GetObjectVersionTorrent'),
  HeadObject: existing('s3:GetObject', 's3:GetObjectVersion'),
  ListObjectAnnotations: existing('s3:ListObjectAnnotations'),
  ListParts: upload('s3:ListMultipartUploadParts'),
  PreflightObject: nothing,
  PutObject: written('s3:PutObject'),
  PutObjectAcl: existing('s3:PutObjectAcl', 's3:PutObjectVersionAcl'),
  PutObjectAnnotation: existing('s3:PutObjectAnnotation'),
  PutObjectLegalHold: existing('s3:PutObjectLegalHold'),
  PutObjectRetention: existing('s3:PutObjectRetention'),
  PutObjectTagging: existing('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
  RenameObject: never,
  RestoreObject: existing('s3:RestoreObject'),
  SelectObjectContent: existing('s3:GetObject'),
  UpdateObjectEncryption: existing('s3:UpdateObjectEncryption'),
  UploadPart: written('s3:PutObject'),
  UploadPartCopy: written('s3:PutObject'),
};
