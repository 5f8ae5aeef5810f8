import { Fault } from '@sealgate/core/faults';
import type { BucketName } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import { headerValue } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { accessDenied } from './ask.ts';

/**
 * The bucket of that name, when its owner may be acted for. Nothing is decided about the caller yet.
 * @throws Fault NoSuchBucket, AccessDenied (not the owner that the client expects; an owner that is suspended)
 */
export function enterBucket(
  context: S3Context,
  name: BucketName,
  expected = 'x-amz-expected-bucket-owner',
): Promise<Bucket> {
  const { entered } = context.access;
  const known = entered.get(name);
  const bucket = known ?? enter(context, name);
  entered.set(name, bucket);
  return bucket.then((found) => {
    const owner = headerValue(context.headers, expected);
    if (owner === undefined || isOwnedBy(owner, found)) return found;
    throw accessDenied(`${expected} names another account`);
  });
}

async function enter(context: S3Context, name: BucketName): Promise<Bucket> {
  const { caller, access } = context;
  const bucket = await context.findBucket(name);
  if (bucket === undefined) {
    throw new Fault('NoSuchBucket', 'The specified bucket does not exist', { detail: { BucketName: name } });
  }
  // One's own account was looked at when the signature was.
  if (caller.kind === 'anonymous' || caller.credential.tenant.id !== bucket.tenantId) {
    const owner = await access.directory.owner(bucket.ownerId);
    if (owner?.state !== 'active') throw accessDenied("the bucket's owner is not active");
  }
  return bucket;
}

/** Whether `account` is a name of the account that owns the bucket: its canonical user id, its tenant's name or id. */
function isOwnedBy(account: string, { ownerId, tenantName, tenantId }: Bucket): boolean {
  return [ownerId, tenantName, tenantId as string].includes(account);
}
