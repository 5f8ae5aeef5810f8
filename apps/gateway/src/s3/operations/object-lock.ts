import { Fault } from '@sealgate/core/faults';
import type { Bucket, UpdateVersion } from '@sealgate/core/ports';
import {
  legalHoldResult,
  objectLockConfiguration,
  parseLegalHold,
  parseObjectLockConfiguration,
  parseRetention,
  retentionResult,
} from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { govern, requireGovernedBucket } from '../governed.ts';
import {
  bypassesGovernance,
  defaultRetention,
  missingLockConfiguration,
  requireFuture,
  requireWithinRules,
  retentionFrom,
} from '../object-lock.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { findVersion, parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export async function getObjectLockConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  if (!bucket.objectLock) {
    throw new Fault(
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      { detail: { BucketName: bucket.name } },
    );
  }
  replyXml(context.response, objectLockConfiguration(defaultRetention(bucket)));
}

/**
 * Switches object lock on, for good, when the bucket is versioned.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
 */
export async function putObjectLockConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const retention = parseObjectLockConfiguration(await readWholeBody(context));
  if (retention !== null) {
    const now = context.clock.now();
    requireWithinRules(bucket.rules.retention, retentionFrom(retention, now), { now, bornMs: now });
  }
  if (!bucket.objectLock && bucket.versioning !== 'enabled') {
    throw new Fault(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  const configs = { 'object-lock': retention === null ? null : JSON.stringify(retention) };
  await context.metadata.updateBucket(bucket.id, { objectLock: true, configs }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
export async function getObjectRetention(context: S3Context): Promise<void> {
  const { retention } = await lockOf(context);
  if (retention === null) throw noLock();
  replyXml(context.response, retentionResult(retention));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html */
export async function putObjectRetention(context: S3Context): Promise<void> {
  const bucket = await requireLockedBucket(context);
  const retention = parseRetention(await readWholeBody(context));
  const now = context.clock.now();
  if (retention !== null) requireFuture(retention, now);
  const { rules } = await govern(context, bucket);
  if (rules.retention.minimumDays > 0 || retention !== null) {
    const version = await findVersion(context, {
      bucket,
      key: requireKey(context),
      versionId: parseVersionId(context),
    });
    requireWithinRules(rules.retention, retention, { now, bornMs: version.modifiedAtMs });
  }
  const bypassGovernance = bypassesGovernance(context, bucket, requireKey(context));
  await change(context, bucket, { change: { retention }, bypassGovernance });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html */
export async function getObjectLegalHold(context: S3Context): Promise<void> {
  const { legalHold } = await lockOf(context);
  if (legalHold === null) throw noLock();
  replyXml(context.response, legalHoldResult(legalHold));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html */
export async function putObjectLegalHold(context: S3Context): Promise<void> {
  const bucket = await requireLockedBucket(context);
  const legalHold = parseLegalHold(await readWholeBody(context));
  await change(context, bucket, { change: { legalHold } });
}

async function requireLockedBucket(context: S3Context): Promise<Bucket> {
  const bucket = await requireBucket(context);
  if (!bucket.objectLock) throw missingLockConfiguration();
  return bucket;
}

async function lockOf(context: S3Context) {
  const bucket = await requireLockedBucket(context);
  const version = await findVersion(context, { bucket, key: requireKey(context), versionId: parseVersionId(context) });
  return version.attributes;
}

async function change(
  context: S3Context,
  bucket: Bucket,
  what: Pick<UpdateVersion, 'change' | 'bypassGovernance'>,
): Promise<void> {
  const versionId = parseVersionId(context);
  await context.metadata.updateVersion({
    ...what,
    bucketId: bucket.id,
    key: requireKey(context),
    ...(versionId === undefined ? {} : { versionId }),
    actor: context.actor,
  });
  replyEmpty(context.response, 200);
}

function noLock(): Fault {
  return new Fault('NoSuchObjectLockConfiguration', 'The specified object does not have a ObjectLock configuration');
}
