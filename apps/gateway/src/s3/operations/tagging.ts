import { Fault } from '@sealgate/core/faults';
import { wishesOf } from '@sealgate/core/policy';
import { parseTagging, type Tag, taggingResult } from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { sortedTags, tagRecord } from '../tags.ts';
import { findVersion, parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const version = await findVersion(context, { bucket, key: requireKey(context), versionId: parseVersionId(context) });
  if (bucket.versioning !== 'off') context.response.setHeader('x-amz-version-id', version.versionId);
  replyXml(context.response, taggingResult(sortedTags(version.tags)));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putObjectTagging(context: S3Context): Promise<void> {
  await change(context, async () => {
    const tags = parseTagging(await readWholeBody(context), 'object');
    // They decide on placement when the object is written or moved next, and must be readable then.
    wishesOf(tagRecord(tags));
    return tags;
  });
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export async function deleteObjectTagging(context: S3Context): Promise<void> {
  await change(context, () => Promise.resolve([]));
  replyEmpty(context.response, 204);
}

async function change(context: S3Context, tags: () => Promise<readonly Tag[]>): Promise<void> {
  const bucket = await requireBucket(context);
  const versionId = parseVersionId(context);
  const changed = await context.metadata.updateVersion({
    bucketId: bucket.id,
    key: requireKey(context),
    ...(versionId === undefined ? {} : { versionId }),
    change: { tags: tagRecord(await tags()) },
    actor: context.actor,
  });
  if (bucket.versioning !== 'off') context.response.setHeader('x-amz-version-id', changed.versionId);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html */
export async function getBucketTagging(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { tagging } = bucket.configs;
  if (tagging === undefined) {
    throw new Fault('NoSuchTagSet', 'The TagSet does not exist', { detail: { BucketName: bucket.name } });
  }
  replyXml(context.response, taggingResult(sortedTags(JSON.parse(tagging) as Readonly<Record<string, string>>)));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html */
export async function putBucketTagging(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const tags = tagRecord(parseTagging(await readWholeBody(context), 'bucket'));
  const configs = { tagging: tags === null ? null : JSON.stringify(tags) };
  await context.metadata.updateBucket(bucket.id, { configs }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html */
export async function deleteBucketTagging(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.updateBucket(bucket.id, { configs: { tagging: null } }, context.actor);
  replyEmpty(context.response, 204);
}
