import type { Acl, AclPermission, ObjectOwnership } from '../ports/index.ts';
import { aclPermits } from './acl.ts';
import type { S3Action } from './actions.ts';
import { evaluateBucketPolicy, evaluateIdentityPolicy, type PolicyAnswer, SILENT } from './evaluate.ts';
import type { Lookup } from './pattern.ts';
import type { PolicyDocument } from './policy-document.ts';
import type { Principal } from './principals.ts';
import type { PublicAccessBlock } from './settings.ts';

/** What a bucket says about who may do what in it. */
export interface BucketAccess {
  readonly ownerId: string;
  readonly policy: { readonly document: PolicyDocument; readonly isPublic: boolean } | null;
  readonly acl: Acl | null;
  readonly ownership: ObjectOwnership;
  readonly block: PublicAccessBlock;
}

export interface ObjectAccess {
  /** null: the bucket's owner. */
  readonly ownerId: string | null;
  readonly acl: Acl | null;
  /** The object is being made by this very request, or by an upload that the caller's account began. */
  readonly beingWritten?: boolean;
}

/** What bounds the caller itself. An absent document bounds nothing; the account may do everything with its own. */
export interface IdentityBounds {
  readonly policy: PolicyDocument | null;
  /** Of a session: intersects with `policy`. */
  readonly sessionPolicy: PolicyDocument | null;
}

export interface AccessQuestion {
  readonly action: S3Action;
  readonly resource: string;
  readonly caller: Principal;
  readonly identity: IdentityBounds;
  readonly lookup: Lookup;
  /** Absent for what is about no bucket that exists: listing buckets, making one. */
  readonly bucket?: BucketAccess;
  /** The object that the action is about, when it exists or is being made. */
  readonly object?: ObjectAccess;
}

/** Why something is refused, for the log. */
export type Refusal =
  | 'identity-policy-denies'
  | 'session-policy-denies'
  | 'bucket-policy-denies'
  | 'session-policy-is-silent'
  | 'identity-policy-is-silent'
  | 'nobody-allows'
  | 'public-access-is-blocked';

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly why: Refusal };

const ALLOWED: Decision = { allowed: true };
const refused = (why: Refusal): Decision => ({ allowed: false, why });

/** The account that owns a bucket can always repair its policy. */
const POLICY_ACTIONS: ReadonlySet<S3Action> = new Set<S3Action>([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
]);

/** Whether an action is one that the root of a bucket's account has whatever the bucket's policy says. */
export const isPolicyRepair = (action: S3Action): boolean => POLICY_ACTIONS.has(action);

/** What belongs to the owner of the object, where that is not the bucket's: the bucket's owner may not give it away. */
const OBJECT_OWNERS_ACTIONS: ReadonlySet<S3Action> = new Set<S3Action>([
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectAcl',
  's3:GetObjectVersionAcl',
  's3:GetObjectAttributes',
  's3:GetObjectVersionAttributes',
  's3:GetObjectTorrent',
  's3:GetObjectVersionTorrent',
  's3:PutObjectAcl',
  's3:PutObjectVersionAcl',
]);

/** Whether an action is for the owner of the object to grant, not for that of the bucket. */
export const isObjectOwnersAction = (action: S3Action): boolean => OBJECT_OWNERS_ACTIONS.has(action);

/** What a writer may set on the object it is writing, because it owns it. */
const WRITERS_ACTIONS: ReadonlySet<S3Action> = new Set<S3Action>(['s3:PutObjectAcl', 's3:PutObjectTagging']);

/** What whoever began an upload may do with it. */
const INITIATORS_ACTIONS: ReadonlySet<S3Action> = new Set<S3Action>([
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
]);

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions */
const BUCKET_PERMISSIONS: ReadonlyMap<S3Action, AclPermission> = new Map<S3Action, AclPermission>([
  ['s3:ListBucket', 'READ'],
  ['s3:ListBucketVersions', 'READ'],
  ['s3:ListBucketMultipartUploads', 'READ'],
  ['s3:PutObject', 'WRITE'],
  ['s3:GetBucketAcl', 'READ_ACP'],
  ['s3:PutBucketAcl', 'WRITE_ACP'],
]);

const OBJECT_PERMISSIONS: ReadonlyMap<S3Action, AclPermission> = new Map<S3Action, AclPermission>([
  ['s3:GetObject', 'READ'],
  ['s3:GetObjectVersion', 'READ'],
  ['s3:GetObjectTorrent', 'READ'],
  ['s3:GetObjectVersionTorrent', 'READ'],
  ['s3:GetObjectAcl', 'READ_ACP'],
  ['s3:GetObjectVersionAcl', 'READ_ACP'],
  ['s3:PutObjectAcl', 'WRITE_ACP'],
  ['s3:PutObjectVersionAcl', 'WRITE_ACP'],
]);

/** Who owns an object: the bucket's owner too, where lists are disabled. */
export function ownerOfObject(bucket: Pick<BucketAccess, 'ownerId' | 'ownership'>, ownerId: string | null): string {
  return bucket.ownership === 'BucketOwnerEnforced' ? bucket.ownerId : (ownerId ?? bucket.ownerId);
}

/**
 * Decides one action on one resource. In this order:
 * 1. an explicit Deny of any policy refuses;
 * 2. a session policy must allow;
 * 3. within the account that owns the resource, the caller's own policy or the bucket's must allow;
 * 4. from another account, the caller's own policy must allow, and the bucket's policy or an access control list too.
 */
export function decide(question: AccessQuestion): Decision {
  const { caller, identity, bucket } = question;
  const own = identity.policy === null ? null : evaluateIdentityPolicy(identity.policy, question);
  if (own?.denied === true) return refused('identity-policy-denies');
  const session = identity.sessionPolicy === null ? null : evaluateIdentityPolicy(identity.sessionPolicy, question);
  if (session?.denied === true) return refused('session-policy-denies');
  const ofBucket = bucket?.policy == null ? SILENT : evaluateBucketPolicy(bucket.policy.document, caller, question);
  if (ofBucket.denied && !isRepair(question)) return refused('bucket-policy-denies');
  if (session?.allowed === 'no') return refused('session-policy-is-silent');

  const identityAllows = caller.kind === 'user' && own?.allowed !== 'no';
  if (bucket === undefined) return identityAllows ? ALLOWED : refused('identity-policy-is-silent');
  if (isOwner(question, bucket)) {
    if (identityAllows || caller.kind === 'anonymous') return ALLOWED;
    const resourceAllows = ofBucket.allowed === 'direct' || listAllows(question, bucket, true);
    return resourceAllows ? ALLOWED : refused('identity-policy-is-silent');
  }
  if (caller.kind === 'user' && !identityAllows) return refused('identity-policy-is-silent');
  return fromOutside(question, bucket, ofBucket);
}

function fromOutside(question: AccessQuestion, bucket: BucketAccess, ofBucket: PolicyAnswer): Decision {
  const granted = ofBucket.allowed !== 'no' && mayGive(question, bucket);
  const shut = bucket.block.restrictPublicBuckets && bucket.policy?.isPublic === true;
  if (granted && (!shut || question.caller.kind === 'service')) return ALLOWED;
  if (listAllows(question, bucket, false)) return ALLOWED;
  return refused(granted ? 'public-access-is-blocked' : 'nobody-allows');
}

/** The root of the owner's account: a credential that nothing bounds. */
function isRepair({ action, caller, identity, bucket }: AccessQuestion): boolean {
  return (
    POLICY_ACTIONS.has(action) &&
    caller.kind === 'user' &&
    caller.ownerId === bucket?.ownerId &&
    identity.policy === null &&
    identity.sessionPolicy === null
  );
}

/** Whether the caller's account owns what the action is about. An anonymous caller owns nothing but what it is writing. */
function isOwner({ action, caller, object }: AccessQuestion, bucket: BucketAccess): boolean {
  if (object?.beingWritten === true) {
    if (WRITERS_ACTIONS.has(action) && bucket.ownership !== 'BucketOwnerEnforced') return true;
    if (INITIATORS_ACTIONS.has(action) && caller.kind === 'user') return true;
  }
  if (caller.kind !== 'user') return false;
  if (object !== undefined && OBJECT_OWNERS_ACTIONS.has(action)) {
    return caller.ownerId === ownerOfObject(bucket, object.ownerId);
  }
  return caller.ownerId === bucket.ownerId;
}

/** Whether the bucket's policy has a say: not in what belongs to somebody else than the bucket's owner. */
function mayGive({ action, object }: AccessQuestion, bucket: BucketAccess): boolean {
  if (object === undefined || !OBJECT_OWNERS_ACTIONS.has(action)) return true;
  return ownerOfObject(bucket, object.ownerId) === bucket.ownerId;
}

function listAllows(question: AccessQuestion, bucket: BucketAccess, groupsOnly: boolean): boolean {
  if (bucket.ownership === 'BucketOwnerEnforced') return false;
  const { action, caller, object } = question;
  const options = { ignorePublic: bucket.block.ignorePublicAcls, groupsOnly };
  if (bucket.acl !== null && action === 's3:DeleteObject' && caller.kind === 'user' && object !== undefined) {
    const own = ownerOfObject(bucket, object.ownerId) === caller.ownerId;
    return own && aclPermits(bucket.acl, { caller, permission: 'WRITE' }, options);
  }
  const bucketPermission = BUCKET_PERMISSIONS.get(action);
  if (bucketPermission !== undefined && bucket.acl !== null) {
    return aclPermits(bucket.acl, { caller, permission: bucketPermission }, options);
  }
  const objectPermission = OBJECT_PERMISSIONS.get(action);
  if (objectPermission !== undefined && object !== undefined && object.acl !== null) {
    return aclPermits(object.acl, { caller, permission: objectPermission }, options);
  }
  return false;
}
