import { Fault } from '@sealgate/core/faults';
import { parseWebsiteConfiguration, type WebsiteConfiguration, websiteConfiguration } from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';

// Kept, checked and answered, so that tools which manage a bucket's settings find them as they left them. The gateway
// has no website endpoint: nothing that a visitor's browser asks for comes here.

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketWebsite.html */
export async function getBucketWebsite(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { website } = bucket.configs;
  if (website === undefined) {
    throw new Fault('NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration', {
      detail: { BucketName: bucket.name },
    });
  }
  replyXml(context.response, websiteConfiguration(JSON.parse(website) as WebsiteConfiguration));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html */
export async function putBucketWebsite(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const website = parseWebsiteConfiguration(await readWholeBody(context));
  await context.metadata.updateBucket(bucket.id, { configs: { website: JSON.stringify(website) } }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketWebsite.html */
export async function deleteBucketWebsite(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  if (bucket.configs.website !== undefined) {
    await context.metadata.updateBucket(bucket.id, { configs: { website: null } }, context.actor);
  }
  replyEmpty(context.response, 204);
}
