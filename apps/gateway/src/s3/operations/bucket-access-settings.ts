import {
  formatOwnership,
  formatPublicAccessBlock,
  isPrivateAcl,
  listWhereDisabled,
  parseOwnership,
  parsePublicAccessBlock,
} from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import {
  ownershipControls,
  parseOwnershipControls,
  parsePublicAccessBlockConfiguration,
  publicAccessBlockConfiguration,
} from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
export async function putPublicAccessBlock(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const block = parsePublicAccessBlockConfiguration(await readWholeBody(context));
  const configs = { 'public-access-block': formatPublicAccessBlock(block) };
  await context.metadata.updateBucket(bucket.id, { configs }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html */
export async function getPublicAccessBlock(context: S3Context): Promise<void> {
  const { configs, name } = await requireBucket(context);
  const document = configs['public-access-block'];
  if (document === undefined) {
    throw new Fault('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', {
      detail: { BucketName: name },
    });
  }
  replyXml(context.response, publicAccessBlockConfiguration(parsePublicAccessBlock(document)));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html */
export async function deletePublicAccessBlock(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.updateBucket(bucket.id, { configs: { 'public-access-block': null } }, context.actor);
  replyEmpty(context.response, 204);
}

/**
 * Disabling lists needs a list that gives nothing to others: nobody shall lose a right unnoticed.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
 */
export async function putBucketOwnershipControls(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const ownership = parseOwnershipControls(await readWholeBody(context));
  const { acl } = context.access.readBucketAccess(bucket);
  const disables = ownership === 'BucketOwnerEnforced';
  if (disables && !isPrivateAcl(acl, bucket.ownerId)) throw listWhereDisabled();
  const configs = { ownership: formatOwnership(ownership) };
  await context.metadata.updateBucket(bucket.id, { configs }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html */
export async function getBucketOwnershipControls(context: S3Context): Promise<void> {
  const { configs, name } = await requireBucket(context);
  if (configs.ownership === undefined) {
    throw new Fault('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', {
      detail: { BucketName: name },
    });
  }
  replyXml(context.response, ownershipControls(parseOwnership(configs.ownership)));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html */
export async function deleteBucketOwnershipControls(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.updateBucket(bucket.id, { configs: { ownership: null } }, context.actor);
  replyEmpty(context.response, 204);
}
