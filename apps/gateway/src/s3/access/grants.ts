import { expandCannedAcl, isPublicAcl } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { Acl, AclGrantee, Bucket } from '@sealgate/core/ports';
import {
  groupOfUri,
  parseAclHeaders,
  type RequestedAcl,
  type RequestedGrant,
  type RequestedGrantee,
} from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { accessDenied } from './ask.ts';
import { writerId } from './caller.ts';
import type { Directory } from './directory.ts';

/**
 * The grants of a request with everybody in them found.
 * @throws Fault InvalidArgument, UnresolvableGrantByEmailAddress
 */
export async function resolveGrants(directory: Directory, grants: readonly RequestedGrant[]): Promise<Acl> {
  const known = new Map<string, AclGrantee>();
  const resolved: Acl['grants'][number][] = [];
  for (const { grantee, permission } of grants) {
    const name = JSON.stringify(grantee);
    const found = known.get(name) ?? (await resolveGrantee(directory, grantee));
    known.set(name, found);
    resolved.push({ grantee: found, permission });
  }
  return { grants: resolved };
}

async function resolveGrantee(directory: Directory, grantee: RequestedGrantee): Promise<AclGrantee> {
  if (grantee.kind === 'uri') {
    const group = groupOfUri(grantee.uri);
    if (group === undefined) throw invalid('uri', grantee.uri, 'Invalid group uri');
    return { kind: 'group', group };
  }
  const name = grantee.kind === 'id' ? grantee.id : grantee.email;
  const tenant = await directory.grantee(name);
  if (grantee.kind === 'id') {
    if (tenant?.ownerId !== name) throw invalid('CanonicalUser/ID', name, 'Invalid id');
    return { kind: 'user', ownerId: name };
  }
  if (tenant?.email !== name) {
    throw new Fault(
      'UnresolvableGrantByEmailAddress',
      'The e-mail address you provided does not match any account on record.',
      {
        detail: { EmailAddress: name.slice(0, 256) },
      },
    );
  }
  return { kind: 'user', ownerId: tenant.ownerId };
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: name, ArgumentValue: value.slice(0, 128) } });
}

/** A requested list, as it is to be kept; null for one that says nothing. */
export async function resolveAcl(
  directory: Directory,
  requested: RequestedAcl,
  of: Parameters<typeof expandCannedAcl>[1],
): Promise<Acl | null> {
  return requested.kind === 'canned'
    ? expandCannedAcl(requested.canned, of)
    : await resolveGrants(directory, requested.grants);
}

export function listsDisabled(): Fault {
  return new Fault('AccessControlListNotSupported', 'The bucket does not allow ACLs');
}

/** @throws Fault AccessDenied for a public list where `BlockPublicAcls` forbids new ones */
export function requireUnblocked(context: S3Context, bucket: Bucket, acl: Acl | null): void {
  const { block } = context.access.readBucketAccess(bucket);
  if (block.blockPublicAcls && isPublicAcl(acl)) throw accessDenied('public lists are blocked');
}

/**
 * Whom an object that a request writes belongs to, and its list.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 * @throws Fault AccessControlListNotSupported, AccessDenied, InvalidArgument, UnresolvableGrantByEmailAddress
 */
export async function requestedOwnership(
  context: S3Context,
  bucket: Bucket,
): Promise<{ readonly ownerId: string | null; readonly acl: Acl | null }> {
  const { headers, access, caller } = context;
  const requested = parseAclHeaders(headers);
  const { ownership } = access.readBucketAccess(bucket);
  if (ownership === 'BucketOwnerEnforced') {
    if (requested !== undefined && !holdsAnyway(requested, bucket, writerId(caller))) throw listsDisabled();
    return { ownerId: null, acl: null };
  }
  const writer = writerId(caller);
  const given = requested?.kind === 'canned' && requested.canned === 'bucket-owner-full-control';
  const ownerId = ownership === 'BucketOwnerPreferred' && given ? bucket.ownerId : writer;
  const of = { kind: 'object', ownerId, bucketOwnerId: bucket.ownerId } as const;
  const acl = requested === undefined ? null : await resolveAcl(access.directory, requested, of);
  requireUnblocked(context, bucket, acl);
  return { ownerId: ownerId === bucket.ownerId ? null : ownerId, acl };
}

/**
 * Where lists are disabled an object is its bucket owner's and private. A list that says just that is accepted: AWS takes
 * the bucket owner's full control, and old tools send `private` with every write of their own.
 */
function holdsAnyway(requested: RequestedAcl, bucket: Bucket, writer: string): boolean {
  if (requested.kind === 'canned') {
    const { canned } = requested;
    if (canned === 'bucket-owner-full-control') return true;
    return writer === bucket.ownerId && (canned === 'private' || canned === 'bucket-owner-read');
  }
  return requested.grants.every(
    ({ grantee, permission }) =>
      permission === 'FULL_CONTROL' && grantee.kind === 'id' && grantee.id === bucket.ownerId,
  );
}
