import { Fault } from '../faults/index.ts';
import { ACL_GRANTS_MAX } from '../limits.ts';
import type { Acl, AclGrantee, AclPermission } from '../ports/index.ts';
import type { Principal } from './principals.ts';
import { isRecord } from './values.ts';

type Grant = Acl['grants'][number];
type Group = Extract<AclGrantee, { kind: 'group' }>['group'];

/**
 * The owner of what anonymous callers write where objects belong to their writer. No tenant ever has this id.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
export const ANONYMOUS_OWNER = '65a011a29cdf8ec533ec3d1ccaae921c';

/** Whom AWS lets read machine images; nobody here, but the grant is kept and shown. */
const EC2_BUNDLES_OWNER = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c';

/** Who writes access logs, as bucket policies and the group `LogDelivery` name it. */
export const LOG_DELIVERY_SERVICE = 'logging.s3.amazonaws.com';

const permissions: ReadonlySet<string> = new Set<AclPermission>([
  'FULL_CONTROL',
  'READ',
  'WRITE',
  'READ_ACP',
  'WRITE_ACP',
]);
const groups: ReadonlySet<string> = new Set<Group>(['AllUsers', 'AuthenticatedUsers', 'LogDelivery']);

export const isAclPermission = (text: string): text is AclPermission => permissions.has(text);
export const isAclGroup = (text: string): text is Group => groups.has(text);

const toUser = (ownerId: string, permission: AclPermission): Grant => ({
  grantee: { kind: 'user', ownerId },
  permission,
});
const toGroup = (group: Group, permission: AclPermission): Grant => ({ grantee: { kind: 'group', group }, permission });

/** The grants that a list shows: null is what a new bucket or object has, its owner's full control. */
export function grantsOf(acl: Acl | null, ownerId: string): readonly Grant[] {
  return acl?.grants ?? [toUser(ownerId, 'FULL_CONTROL')];
}

export const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
] as const;

export type CannedAcl = (typeof cannedAcls)[number];

export const isCannedAcl = (text: string): text is CannedAcl => (cannedAcls as readonly string[]).includes(text);

/**
 * The list that a canned name stands for. What is meant for objects only says nothing on a bucket, and the other way
 * round.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
 */
export function expandCannedAcl(
  canned: CannedAcl,
  of: { readonly kind: 'bucket' | 'object'; readonly ownerId: string; readonly bucketOwnerId: string },
): Acl | null {
  const owner = toUser(of.ownerId, 'FULL_CONTROL');
  const foreign = of.kind === 'object' && of.bucketOwnerId !== of.ownerId;
  switch (canned) {
    case 'private':
      return null;
    case 'public-read':
      return { grants: [toGroup('AllUsers', 'READ'), owner] };
    case 'public-read-write':
      return { grants: [toGroup('AllUsers', 'READ'), toGroup('AllUsers', 'WRITE'), owner] };
    case 'authenticated-read':
      return { grants: [toGroup('AuthenticatedUsers', 'READ'), owner] };
    case 'aws-exec-read':
      return { grants: [owner, toUser(EC2_BUNDLES_OWNER, 'READ')] };
    case 'bucket-owner-read':
      return foreign ? { grants: [owner, toUser(of.bucketOwnerId, 'READ')] } : null;
    case 'bucket-owner-full-control':
      return foreign ? { grants: [owner, toUser(of.bucketOwnerId, 'FULL_CONTROL')] } : null;
    case 'log-delivery-write':
      return of.kind === 'object'
        ? null
        : { grants: [toGroup('LogDelivery', 'WRITE'), toGroup('LogDelivery', 'READ_ACP'), owner] };
  }
}

export interface AclOptions {
  /** Grants to everybody count for nothing (`IgnorePublicAcls`). */
  readonly ignorePublic: boolean;
  /** Only grants to groups count. */
  readonly groupsOnly?: boolean;
}

/** Whether a list gives a caller a permission. What the owner has anyway is not asked here. */
export function aclPermits(
  acl: Acl,
  { caller, permission }: { readonly caller: Principal; readonly permission: AclPermission },
  options: AclOptions,
): boolean {
  return acl.grants.some(
    (grant) =>
      (grant.permission === permission || grant.permission === 'FULL_CONTROL') &&
      !(options.ignorePublic && isPublicGrantee(grant.grantee)) &&
      !(options.groupsOnly === true && grant.grantee.kind !== 'group') &&
      isGrantee(grant.grantee, caller),
  );
}

function isGrantee(grantee: AclGrantee, caller: Principal): boolean {
  if (grantee.kind === 'user') return caller.kind === 'user' && caller.ownerId === grantee.ownerId;
  if (grantee.group === 'AllUsers') return true;
  if (grantee.group === 'AuthenticatedUsers') return caller.kind === 'user';
  return caller.kind === 'service' && caller.service === LOG_DELIVERY_SERVICE;
}

/** Anybody with an account is as good as anybody. */
function isPublicGrantee(grantee: AclGrantee): boolean {
  return grantee.kind === 'group' && grantee.group !== 'LogDelivery';
}

export function isPublicAcl(acl: Acl | null): boolean {
  return acl?.grants.some(({ grantee }) => isPublicGrantee(grantee)) ?? false;
}

/** Whether a list says no more than that the owner has full control. */
export function isPrivateAcl(acl: Acl | null, ownerId: string): boolean {
  return acl?.grants.every(({ grantee }) => grantee.kind === 'user' && grantee.ownerId === ownerId) ?? true;
}

/** As `formatAcl` wrote it. @throws Fault InternalError for anything else: a list that cannot be read grants nothing */
export function parseAcl(text: string): Acl {
  try {
    const value: unknown = JSON.parse(text);
    const list = isRecord(value) ? value['grants'] : undefined;
    if (!Array.isArray(list) || list.length > ACL_GRANTS_MAX) throw new Error('no grants');
    return { grants: list.map(parseGrant) };
  } catch (error) {
    throw new Fault('InternalError', 'A stored access control list cannot be read.', { cause: error });
  }
}

function parseGrant(value: unknown): Grant {
  const grantee = isRecord(value) ? value['grantee'] : undefined;
  const permission = isRecord(value) ? value['permission'] : undefined;
  if (!isRecord(grantee) || typeof permission !== 'string' || !isAclPermission(permission)) throw new Error('no grant');
  const { kind, ownerId, group } = grantee;
  if (kind === 'user' && typeof ownerId === 'string') return toUser(ownerId, permission);
  if (kind === 'group' && typeof group === 'string' && isAclGroup(group)) return toGroup(group, permission);
  throw new Error('no grantee');
}

export function formatAcl(acl: Acl): string {
  return JSON.stringify({ grants: acl.grants });
}
