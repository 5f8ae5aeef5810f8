import { randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { type LifecycleConfiguration, type TransitionMinimum, writeLifecycleDocument } from '@sealgate/core/lifecycle';
import { resolveClass } from '@sealgate/core/policy';
import type { Bucket } from '@sealgate/core/ports';
import { headerValue, lifecycleConfiguration, parseLifecycleConfiguration, type RequestHeaders } from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { requireDigest } from '../required-digest.ts';

const MINIMUM = 'x-amz-transition-default-minimum-object-size';
const RULE_ID_BYTES = 24;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
export async function putBucketLifecycleConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  requireDigest(context);
  const transitionMinimum = requestedMinimum(context.headers);
  const configuration = parseLifecycleConfiguration(await readWholeBody(context), {
    transitionMinimum,
    newId: () => randomBytes(RULE_ID_BYTES).toString('base64url'),
  });
  await requireClasses(context, bucket, configuration);
  const configs = { lifecycle: writeLifecycleDocument(configuration) };
  await context.metadata.updateBucket(bucket.id, { configs }, context.actor);
  context.response.setHeader(MINIMUM, transitionMinimum);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html */
export async function getBucketLifecycleConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const configuration = context.lifecycles.of(bucket);
  if (configuration === undefined) {
    throw new Fault('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', {
      detail: { BucketName: bucket.name },
    });
  }
  context.response.setHeader(MINIMUM, configuration.transitionMinimum);
  replyXml(context.response, lifecycleConfiguration(configuration));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html */
export async function deleteBucketLifecycle(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  if (bucket.configs.lifecycle !== undefined) {
    await context.metadata.updateBucket(bucket.id, { configs: { lifecycle: null } }, context.actor);
  }
  replyEmpty(context.response, 204);
}

/** Without the header every object moves as its rule says: no redundancy class has a smallest size. */
function requestedMinimum(headers: RequestHeaders): TransitionMinimum {
  const value = headerValue(headers, MINIMUM) ?? 'varies_by_storage_class';
  if (value === 'all_storage_classes_128K' || value === 'varies_by_storage_class') return value;
  throw new Fault('InvalidArgument', `Unknown value of ${MINIMUM}.`, {
    detail: { ArgumentName: MINIMUM, ArgumentValue: value.slice(0, 64) },
  });
}

/** A rule to a class that no object of the bucket may have would fail every day without anybody hearing of it. */
async function requireClasses(context: S3Context, bucket: Bucket, { rules }: LifecycleConfiguration): Promise<void> {
  const wanted = new Set(
    rules.flatMap((rule) => [...rule.transitions, ...rule.noncurrentTransitions].map((each) => each.storageClass)),
  );
  if (wanted.size === 0) return;
  const policy = await context.engine.policies.forBucket(bucket);
  for (const name of wanted) resolveClass(policy, name);
}
