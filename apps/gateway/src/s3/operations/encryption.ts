import { Fault } from '@sealgate/core/faults';
import { parseServerSideEncryptionConfiguration, serverSideEncryptionConfiguration } from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { bucketEncryption, defaultEncryption } from '../encryption/settings.ts';
import { noKeyService } from '../encryption/writing.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/**
 * What objects of the bucket are encrypted with by default; like at AWS also where nobody ever put it, as long as it is so.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
 */
export async function getBucketEncryption(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  if (defaultEncryption(context.encryption, bucket) === 'none') {
    throw new Fault(
      'ServerSideEncryptionConfigurationNotFoundError',
      'The server side encryption configuration was not found',
      { detail: { BucketName: bucket.name } },
    );
  }
  replyXml(context.response, serverSideEncryptionConfiguration(bucketEncryption(bucket) ?? { algorithm: 'AES256' }));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html */
export async function putBucketEncryption(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const encryption = parseServerSideEncryptionConfiguration(await readWholeBody(context));
  if (encryption.algorithm !== 'AES256') throw noKeyService(encryption.algorithm);
  if (bucket.encryption === 'required') {
    throw new Fault(
      'InvalidBucketState',
      'The bucket takes sealed objects only, which their clients encrypt. The gateway has no key to them and encrypts nothing here.',
    );
  }
  await context.metadata.updateBucket(
    bucket.id,
    { configs: { encryption: JSON.stringify(encryption) } },
    context.actor,
  );
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html */
export async function deleteBucketEncryption(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  if (bucket.configs.encryption !== undefined) {
    await context.metadata.updateBucket(bucket.id, { configs: { encryption: null } }, context.actor);
  }
  replyEmpty(context.response, 204);
}
