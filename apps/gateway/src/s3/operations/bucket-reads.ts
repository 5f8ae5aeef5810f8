import { locationConstraint } from '@sealgate/s3';
import { requireBucket, type S3Context } from '../context.ts';
import { requireGovernedBucket } from '../governed.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export async function headBucket(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  context.response.setHeader('x-amz-bucket-region', bucket.region);
  context.response.setHeader('x-sealgate-encryption', bucket.encryption);
  // A sealing client binds its envelopes to the name of the tenant that owns the bucket.
  context.response.setHeader('x-sealgate-tenant', bucket.tenantName);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export async function getBucketLocation(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  replyXml(context.response, locationConstraint(bucket.locationConstraint));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.deleteBucket(bucket.id, context.actor);
  replyEmpty(context.response, 204);
}
