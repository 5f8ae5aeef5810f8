import type { OperationName } from '@sealgate/s3';

/** What the log calls operations whose own name does not say it. */
const names: Readonly<Partial<Record<OperationName, string>>> = {
  AbortMultipartUpload: 'REST.DELETE.UPLOAD',
  CompleteMultipartUpload: 'REST.POST.UPLOAD',
  CopyObject: 'REST.COPY.OBJECT',
  CreateMultipartUpload: 'REST.POST.UPLOADS',
  DeleteObjects: 'REST.POST.MULTI_OBJECT_DELETE',
  GetBucketLogging: 'REST.GET.LOGGING_STATUS',
  GetBucketPolicy: 'REST.GET.BUCKETPOLICY',
  PutBucketPolicy: 'REST.PUT.BUCKETPOLICY',
  DeleteBucketPolicy: 'REST.DELETE.BUCKETPOLICY',
  ListMultipartUploads: 'REST.GET.UPLOADS',
  ListObjects: 'REST.GET.BUCKET',
  ListObjectsV2: 'REST.GET.BUCKET',
  ListObjectVersions: 'REST.GET.BUCKETVERSIONS',
  ListParts: 'REST.GET.UPLOAD',
  PostObject: 'REST.POST.OBJECT',
  PreflightBucket: 'REST.OPTIONS.PREFLIGHT',
  PreflightObject: 'REST.OPTIONS.PREFLIGHT',
  PutBucketLogging: 'REST.PUT.LOGGING_STATUS',
  UploadPart: 'REST.PUT.PART',
  UploadPartCopy: 'REST.COPY.PART',
};

/**
 * An operation as access logs name it: `REST.<method>.<resource>`.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
 */
export function logOperation(name: OperationName, method: string): string {
  const known = names[name];
  if (known !== undefined) return known;
  const thing = name.replace(/^(Get|Put|Post|Delete|Head|List|Create|Update)/, '');
  const about = thing.replace(/^Bucket(?=.)/, '').replace(/Configurations?$/, '');
  const resource = (about === '' ? thing : about).replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  return `REST.${method}.${resource}`;
}
