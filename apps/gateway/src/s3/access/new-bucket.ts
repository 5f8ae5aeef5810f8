import {
  ALL_BLOCKED,
  formatAcl,
  formatOwnership,
  formatPublicAccessBlock,
  isObjectOwnership,
  isPrivateAcl,
  isPublicAcl,
  type S3Action,
  UNCONTROLLED_OWNERSHIP,
} from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { BucketName } from '@sealgate/core/names';
import type { NewBucket, ObjectOwnership } from '@sealgate/core/ports';
import { headerValue, parseAclHeaders } from '@sealgate/s3';
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
export function authorizeNewBucket(context: S3Context, name: BucketName, locationConstraint: string | undefined): void {
  const { headers } = context;
  const says = (header: string): boolean => headerValue(headers, header) !== undefined;
  const lists = Object.keys(headers).some((header) => header === 'x-amz-acl' || header.startsWith('x-amz-grant-'));
  const locks = headerValue(headers, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  const actions: readonly S3Action[] = [
    's3:CreateBucket',
    ...(lists ? (['s3:PutBucketAcl'] as const) : []),
    ...(says(OWNERSHIP) ? (['s3:PutBucketOwnershipControls'] as const) : []),
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
export async function accessOfNewBucket(context: S3Context): Promise<NewBucket['configs']> {
  const { caller, headers, access } = context;
  const { ownerId, settings } = tenantOf(caller);
  const asked = askedOwnership(headerValue(headers, OWNERSHIP));
  const ownership = asked ?? settings.objectOwnership;
  const requested = parseAclHeaders(headers);
  const of = { kind: 'bucket', ownerId, bucketOwnerId: ownerId } as const;
  const acl = requested === undefined ? null : await resolveAcl(access.directory, requested, of);
  if (ownership === 'BucketOwnerEnforced' && !isPrivateAcl(acl, ownerId)) throw listsAndEnforced();
  if (settings.blockPublicAccess && isPublicAcl(acl)) {
    throw new Fault(
      'InvalidBucketAclWithBlockPublicAccessError',
      'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
    );
  }
  const controlled = asked !== undefined || ownership !== UNCONTROLLED_OWNERSHIP;
  return {
    ...(controlled ? { ownership: formatOwnership(ownership) } : {}),
    ...(acl === null || ownership === 'BucketOwnerEnforced' ? {} : { acl: formatAcl(acl) }),
    ...(settings.blockPublicAccess ? { 'public-access-block': formatPublicAccessBlock(ALL_BLOCKED) } : {}),
  };
}

export function listsAndEnforced(): Fault {
  return new Fault(
    'InvalidBucketAclWithObjectOwnership',
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  );
}

function askedOwnership(text: string | undefined): ObjectOwnership | undefined {
  if (text === undefined || isObjectOwnership(text)) return text;
  throw new Fault('InvalidArgument', `Invalid ${OWNERSHIP} header: ${text.slice(0, 64)}`, {
    detail: { ArgumentName: OWNERSHIP, ArgumentValue: text.slice(0, 64) },
  });
}
