import { formatAcl, grantsOf, ownerOfObject } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { Acl, Bucket } from '@sealgate/core/ports';
import { accessControlPolicy, parseAccessControlPolicy, parseAclHeaders, type ShownGrant } from '@sealgate/s3';
import { accessDenied } from '../access/ask.ts';
import { listsDisabled, requireUnblocked, resolveAcl, resolveGrants } from '../access/grants.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { findVersion, parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html */
export async function getBucketAcl(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { acl, ownership } = context.access.readBucketAccess(bucket);
  await show(context, bucket.ownerId, ownership === 'BucketOwnerEnforced' ? null : acl);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html */
export async function putBucketAcl(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const acl = await wantedAcl(context, bucket, { kind: 'bucket', ownerId: bucket.ownerId });
  const configs = { acl: acl === null ? null : formatAcl(acl) };
  await context.metadata.updateBucket(bucket.id, { configs }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html */
export async function getObjectAcl(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const version = await findVersion(context, { bucket, key: requireKey(context), versionId: parseVersionId(context) });
  const access = context.access.readBucketAccess(bucket);
  const { ownerId, acl } = version.attributes;
  if (bucket.versioning !== 'off') context.response.setHeader('x-amz-version-id', version.versionId);
  const shown = access.ownership === 'BucketOwnerEnforced' ? null : acl;
  await show(context, ownerOfObject(access, ownerId), shown);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html */
export async function putObjectAcl(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const key = requireKey(context);
  const version = await findVersion(context, { bucket, key, versionId: parseVersionId(context) });
  const ownerId = version.attributes.ownerId ?? bucket.ownerId;
  const acl = await wantedAcl(context, bucket, { kind: 'object', ownerId });
  const { versionId } = version;
  await context.metadata.updateVersion({ bucketId: bucket.id, key, versionId, change: { acl }, actor: context.actor });
  if (bucket.versioning !== 'off') context.response.setHeader('x-amz-version-id', versionId);
  replyEmpty(context.response, 200);
}

type Grant = Acl['grants'][number];

/** The list that headers or body ask for, when the bucket takes it. */
async function wantedAcl(
  context: S3Context,
  bucket: Bucket,
  of: { readonly kind: 'bucket' | 'object'; readonly ownerId: string },
): Promise<Acl | null> {
  const { directory, readBucketAccess } = context.access;
  const requested = parseAclHeaders(context.headers);
  const body = await readWholeBody(context);
  if (requested !== undefined && body.length > 0) {
    throw new Fault('UnexpectedContent', 'This request contains unsupported content.');
  }
  if (readBucketAccess(bucket).ownership === 'BucketOwnerEnforced') return whereDisabled(bucket, body);
  const acl =
    requested === undefined
      ? await aclOfBody(context, body, of.ownerId)
      : await resolveAcl(directory, requested, { ...of, bucketOwnerId: bucket.ownerId });
  requireUnblocked(context, bucket, acl);
  return acl;
}

/**
 * Where lists are disabled none is taken but the one that is shown: tools that copy put back what they got.
 * @throws Fault AccessControlListNotSupported
 */
function whereDisabled(bucket: Bucket, body: Buffer): null {
  if (body.length === 0) throw listsDisabled();
  const { ownerId, grants } = parseAccessControlPolicy(body);
  const shown = grants.every(
    ({ grantee, permission }) =>
      permission === 'FULL_CONTROL' && grantee.kind === 'id' && grantee.id === bucket.ownerId,
  );
  if (ownerId !== bucket.ownerId || grants.length !== 1 || !shown) throw listsDisabled();
  return null;
}

async function aclOfBody(context: S3Context, body: Buffer, owner: string): Promise<Acl> {
  if (body.length === 0) {
    throw new Fault('MissingSecurityHeader', 'Your request was missing a required header', {
      detail: { MissingHeaderName: 'x-amz-acl' },
    });
  }
  const { ownerId, grants } = parseAccessControlPolicy(body);
  // A list never changes hands: the owner in it only says that the client knows whose it is.
  if (ownerId !== owner) throw accessDenied('the list names another owner');
  return await resolveGrants(context.access.directory, grants);
}

async function show(context: S3Context, ownerId: string, acl: Acl | null): Promise<void> {
  const grants = grantsOf(acl, ownerId);
  const users = grants.flatMap(({ grantee }) => (grantee.kind === 'user' ? [grantee.ownerId] : []));
  const shown = await context.access.directory.shown([ownerId, ...users]);
  const user = (id: string) => shown.get(id) ?? { id };
  // Groups first, as tools expect that compare lists.
  const isGroup = ({ grantee }: Grant): boolean => grantee.kind === 'group';
  const rows = [...grants.filter(isGroup), ...grants.filter((grant) => !isGroup(grant))].map(
    ({ grantee, permission }): ShownGrant => ({
      grantee: grantee.kind === 'user' ? { kind: 'user', ...user(grantee.ownerId) } : grantee,
      permission,
    }),
  );
  replyXml(context.response, accessControlPolicy(user(ownerId), rows));
}
