import { accessOfNewBucket, isObjectOwnership, type S3Action } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { BucketName } from '@sealgate/core/names';
import type { NewBucket, ObjectOwnership } from '@sealgate/core/ports';
import { type CreateBucketConfiguration, headerValue, parseAclHeaders } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { requireRight } from './ask.ts';
import { tenantOf } from './caller.ts';
import { resolveAcl } from './grants.ts';

const OWNERSHIP = 'x-amz-object-ownership';

/**
 * The right to make a bucket, and to say of it what the request says.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 * @throws Fault AccessDenied
 */
export function authorizeNewBucket(
  context: S3Context,
  name: BucketName,
  { locationConstraint, tags }: CreateBucketConfiguration,
): void {
  const { headers } = context;
  const says = (header: string): boolean => headerValue(headers, header) !== undefined;
  const lists = Object.keys(headers).some((header) => header === 'x-amz-acl' || header.startsWith('x-amz-grant-'));
  const locks = headerValue(headers, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  const actions: readonly S3Action[] = [
    's3:CreateBucket',
    ...(lists ? (['s3:PutBucketAcl'] as const) : []),
    ...(says(OWNERSHIP) ? (['s3:PutBucketOwnershipControls'] as const) : []),
    ...(tags.length > 0 ? (['s3:PutBucketTagging'] as const) : []),
    ...(locks ? (['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] as const) : []),
  ];
  const resource = `arn:aws:s3:::${name}`;
  const given = new Map(locationConstraint === undefined ? [] : [['s3:locationconstraint', locationConstraint]]);
  for (const action of actions) requireRight(context, { action, resource, given });
}

/**
 * The documents that a new bucket starts with: ownership, list and public access block, as its headers and its tenant's
 * settings say.
 * @throws Fault InvalidBucketAclWithObjectOwnership, InvalidBucketAclWithBlockPublicAccessError, InvalidArgument,
 * UnresolvableGrantByEmailAddress
 */
export async function requestedAccess({ caller, headers, access }: S3Context): Promise<NewBucket['configs']> {
  const tenant = tenantOf(caller);
  const { ownerId } = tenant;
  const requested = parseAclHeaders(headers);
  const of = { kind: 'bucket', ownerId, bucketOwnerId: ownerId } as const;
  return accessOfNewBucket(tenant, {
    ownership: askedOwnership(headerValue(headers, OWNERSHIP)),
    acl: requested === undefined ? null : await resolveAcl(access.directory, requested, of),
  });
}

function askedOwnership(text: string | undefined): ObjectOwnership | undefined {
  if (text === undefined || isObjectOwnership(text)) return text;
  throw new Fault('InvalidArgument', `Invalid ${OWNERSHIP} header: ${text.slice(0, 64)}`, {
    detail: { ArgumentName: OWNERSHIP, ArgumentValue: text.slice(0, 64) },
  });
}
