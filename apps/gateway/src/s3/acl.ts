import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '@sealgate/s3';

/** Canned ACLs that say what is true anyway: the bucket's owner owns and sees everything. */
const HARMLESS = new Set(['private', 'bucket-owner-full-control', 'bucket-owner-read']);

/**
 * Buckets have no ACLs (S3's `BucketOwnerEnforced`): one that would grant something to others is refused.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 * @throws Fault AccessControlListNotSupported
 */
export function refuseForeignAcl(headers: RequestHeaders): void {
  const canned = headerValue(headers, 'x-amz-acl');
  const grant = Object.keys(headers).some((name) => name.startsWith('x-amz-grant-'));
  if (grant || (canned !== undefined && !HARMLESS.has(canned))) {
    throw new Fault('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
}
