import { Fault } from '../faults/index.ts';
import type { Acl, BucketConfigKind, ObjectOwnership, TenantSettings } from '../ports/index.ts';
import { formatAcl, isPrivateAcl, isPublicAcl } from './acl.ts';
import { ALL_BLOCKED, formatOwnership, formatPublicAccessBlock, UNCONTROLLED_OWNERSHIP } from './settings.ts';

/**
 * The documents about access that a new bucket starts with: what its maker asked for, else what its tenant's settings
 * say.
 * @throws Fault InvalidBucketAclWithObjectOwnership, InvalidBucketAclWithBlockPublicAccessError
 */
export function accessOfNewBucket(
  owner: { readonly ownerId: string; readonly settings: TenantSettings },
  asked: { readonly ownership?: ObjectOwnership | undefined; readonly acl?: Acl | null } = {},
): Readonly<Partial<Record<BucketConfigKind, string>>> {
  const { blockPublicAccess, objectOwnership } = owner.settings;
  const ownership = asked.ownership ?? objectOwnership;
  const acl = asked.acl ?? null;
  const enforced = ownership === 'BucketOwnerEnforced';
  if (enforced && !isPrivateAcl(acl, owner.ownerId)) throw listWhereDisabled();
  if (blockPublicAccess && isPublicAcl(acl)) {
    throw new Fault(
      'InvalidBucketAclWithBlockPublicAccessError',
      'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
    );
  }
  const controlled = asked.ownership !== undefined || ownership !== UNCONTROLLED_OWNERSHIP;
  return {
    ...(controlled ? { ownership: formatOwnership(ownership) } : {}),
    ...(acl === null || enforced ? {} : { acl: formatAcl(acl) }),
    ...(blockPublicAccess ? { 'public-access-block': formatPublicAccessBlock(ALL_BLOCKED) } : {}),
  };
}

/** A list that gives something to others, and lists disabled: one of them must give way. */
export function listWhereDisabled(): Fault {
  return new Fault(
    'InvalidBucketAclWithObjectOwnership',
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  );
}
