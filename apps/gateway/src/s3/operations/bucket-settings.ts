import { Fault } from '@sealgate/core/faults';
import {
  type AccelerateStatus,
  accelerateConfiguration,
  type Payer,
  parseAccelerateConfiguration,
  parseRequestPayment,
  requestPayment,
} from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { payerOf } from '../request-payer.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html */
export async function getBucketRequestPayment(context: S3Context): Promise<void> {
  replyXml(context.response, requestPayment(payerOf(await requireBucket(context))));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html */
export async function putBucketRequestPayment(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const payer: Payer = parseRequestPayment(await readWholeBody(context));
  // The default needs no document.
  const document = payer === 'BucketOwner' ? null : payer;
  await context.metadata.updateBucket(bucket.id, { configs: { 'request-payment': document } }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html */
export async function getBucketAccelerateConfiguration(context: S3Context): Promise<void> {
  const { accelerate } = (await requireBucket(context)).configs;
  replyXml(context.response, accelerateConfiguration(accelerate as AccelerateStatus | undefined));
}

/**
 * Kept and answered. There is no second endpoint that would be faster: clients that ask for one by its host name do not
 * get here.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html
 */
export async function putBucketAccelerateConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const status = parseAccelerateConfiguration(await readWholeBody(context));
  if (bucket.name.includes('.')) {
    throw new Fault(
      'InvalidRequest',
      'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
    );
  }
  await context.metadata.updateBucket(bucket.id, { configs: { accelerate: status } }, context.actor);
  replyEmpty(context.response, 200);
}
