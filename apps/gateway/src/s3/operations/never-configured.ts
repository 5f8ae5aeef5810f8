import { Fault } from '@sealgate/core/faults';
import { emptyConfigurationList } from '@sealgate/s3';
import { requireBucket, type S3Context, type S3Handler } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';

// Settings that no bucket here can have. Asking for them is answered as S3 does for a bucket that has none, because that
// is true; setting them is refused (see refusedOperations).

/** For the settings that are kept by an id. */
export async function noSuchConfiguration(context: S3Context): Promise<void> {
  await requireBucket(context);
  throw new Fault('NoSuchConfiguration', 'The specified configuration does not exist.');
}

export function emptyList(root: Parameters<typeof emptyConfigurationList>[0]): S3Handler {
  return async (context) => {
    await requireBucket(context);
    replyXml(context.response, emptyConfigurationList(root));
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html */
export async function getBucketReplication(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  throw new Fault('ReplicationConfigurationNotFoundError', 'The replication configuration was not found', {
    detail: { BucketName: bucket.name },
  });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html */
export async function deleteBucketReplication(context: S3Context): Promise<void> {
  await requireBucket(context);
  replyEmpty(context.response, 204);
}
