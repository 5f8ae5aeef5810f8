import { type Announcement, abortionOf, expirationOf } from '@sealgate/core/lifecycle';
import type { Bucket, ObjectVersion, UploadRecord } from '@sealgate/core/ports';
import { formatHttpDate } from '@sealgate/s3';
import type { S3Context } from './context.ts';

/**
 * Says when the current version of a key will expire, as far as a rule will make it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (x-amz-expiration)
 */
export function setExpiration(
  { response, lifecycles }: Pick<S3Context, 'response' | 'lifecycles'>,
  bucket: Pick<Bucket, 'configs'>,
  version: Pick<ObjectVersion, 'key' | 'bytes' | 'tags' | 'modifiedAtMs'>,
): void {
  const configuration = lifecycles.of(bucket);
  const found = configuration && expirationOf(configuration, version);
  if (found === undefined) return;
  const { date, ruleId } = shown(found);
  response.setHeader('x-amz-expiration', `expiry-date="${date}", rule-id="${ruleId}"`);
}

/**
 * Says when an upload will be aborted unless it is completed.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html (x-amz-abort-date)
 */
export function setAbortion(
  { response, lifecycles }: Pick<S3Context, 'response' | 'lifecycles'>,
  bucket: Pick<Bucket, 'configs'>,
  upload: Pick<UploadRecord, 'key' | 'createdAtMs'>,
): void {
  const configuration = lifecycles.of(bucket);
  const found = configuration && abortionOf(configuration, upload);
  if (found === undefined) return;
  const { date, ruleId } = shown(found);
  response.setHeader('x-amz-abort-date', date);
  response.setHeader('x-amz-abort-rule-id', ruleId);
}

/** An id may hold any character; in a header it is percent-encoded. */
function shown({ atMs, ruleId }: Announcement): { readonly date: string; readonly ruleId: string } {
  return { date: formatHttpDate(atMs), ruleId: encodeURIComponent(ruleId.toWellFormed()) };
}
