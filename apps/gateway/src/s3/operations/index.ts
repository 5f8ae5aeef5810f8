import type { OperationName } from '@sealgate/s3';
import type { S3Handler } from '../context.ts';
import { deleteBucket, getBucketLocation, headBucket } from './bucket-reads.ts';
import { completeMultipartUpload } from './complete-multipart-upload.ts';
import { copyObject } from './copy-object.ts';
import { deleteBucketCors, getBucketCors, preflight, putBucketCors } from './cors.ts';
import { createBucket } from './create-bucket.ts';
import { deleteObject } from './delete-object.ts';
import { deleteObjects } from './delete-objects.ts';
import { getObject, headObject } from './get-object.ts';
import { listBuckets } from './list-buckets.ts';
import { listObjects, listObjectsV2 } from './list-objects.ts';
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from './multipart.ts';
import { putObject } from './put-object.ts';
import { uploadPartCopy } from './upload-part-copy.ts';
import { getBucketVersioning, listObjectVersions, putBucketVersioning } from './versioning.ts';

/** What is served. Every other operation of the union is known by name and answered NotImplemented. */
export const handlers: Readonly<Partial<Record<OperationName, S3Handler>>> = {
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketCors: deleteBucketCors,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetBucketCors: getBucketCors,
  GetBucketLocation: getBucketLocation,
  GetBucketVersioning: getBucketVersioning,
  GetObject: getObject,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjects: listObjects,
  ListObjectVersions: listObjectVersions,
  ListObjectsV2: listObjectsV2,
  ListParts: listParts,
  PreflightBucket: preflight,
  PreflightObject: preflight,
  PutBucketCors: putBucketCors,
  PutBucketVersioning: putBucketVersioning,
  PutObject: putObject,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
};
