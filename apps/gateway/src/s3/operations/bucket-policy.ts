import { isPublicAcl, isPublicPolicy, parsePolicyDocument } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { policyStatus } from '@sealgate/s3';
import { accessDenied } from '../access/ask.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyJson, replyXml } from '../reply.ts';

/**
 * Kept as it was sent, byte for byte, because clients compare it with what they have.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
 */
export async function putBucketPolicy(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const policy = utf8(await readWholeBody(context));
  const document = parsePolicyDocument(policy, { kind: 'bucket', bucket: bucket.name });
  const { block } = context.access.readBucketAccess(bucket);
  if (block.blockPublicPolicy && isPublicPolicy(document)) throw accessDenied('public policies are blocked');
  await context.metadata.updateBucket(bucket.id, { configs: { policy } }, context.actor);
  replyEmpty(context.response, 204);
}

function utf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    throw new Fault('MalformedPolicy', 'This policy contains invalid Json', { cause: error });
  }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
export async function getBucketPolicy(context: S3Context): Promise<void> {
  const { configs, name } = await requireBucket(context);
  if (configs.policy === undefined) {
    throw new Fault('NoSuchBucketPolicy', 'The bucket policy does not exist', { detail: { BucketName: name } });
  }
  replyJson(context.response, configs.policy);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html */
export async function deleteBucketPolicy(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.updateBucket(bucket.id, { configs: { policy: null } }, context.actor);
  replyEmpty(context.response, 204);
}

/**
 * Whether the bucket is open to everybody, by its policy or by its list as far as it counts.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
 */
export async function getBucketPolicyStatus(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { policy, acl, ownership, block } = context.access.readBucketAccess(bucket);
  const listCounts = ownership !== 'BucketOwnerEnforced' && !block.ignorePublicAcls;
  replyXml(context.response, policyStatus(policy?.isPublic === true || (listCounts && isPublicAcl(acl))));
}
