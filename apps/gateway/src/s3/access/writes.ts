import type { S3Action } from '@sealgate/core/access';
import type { Bucket } from '@sealgate/core/ports';
import { headerValue, type ObjectOperation } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { accessDenied, isRoot, requireRight } from './ask.ts';

/** Operations whose headers say more of the object to be than its bytes. */
const DESCRIBING: ReadonlySet<string> = new Set<ObjectOperation['name']>([
  'CopyObject',
  'CreateMultipartUpload',
  'PutObject',
]);

/**
 * The right to write an object, and to say of it what the request says: its list, its tags, its lock.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * @throws Fault AccessDenied
 */
export function authorizeWrite(context: S3Context, bucket: Bucket, { name, key }: ObjectOperation): void {
  requireRight(context, { action: 's3:PutObject', bucket, key });
  if (!DESCRIBING.has(name) || (isRoot(context, bucket) && bucket.configs.policy === undefined)) return;
  if (name === 'CreateMultipartUpload' && context.caller.kind === 'anonymous') {
    // Anybody could end or look at an upload of nobody.
    throw accessDenied('anonymous callers cannot begin multipart uploads');
  }
  for (const action of described(context, bucket)) {
    requireRight(context, { action, bucket, key, beingWritten: true });
  }
}

function described(context: S3Context, bucket: Bucket): readonly S3Action[] {
  const { headers, access } = context;
  const says = (name: string): boolean => headerValue(headers, name) !== undefined;
  const grants = Object.keys(headers).some((name) => name === 'x-amz-acl' || name.startsWith('x-amz-grant-'));
  // Where lists are disabled the only one that is accepted changes nothing.
  const list = grants && access.readBucketAccess(bucket).ownership !== 'BucketOwnerEnforced';
  const retention = says('x-amz-object-lock-mode') || says('x-amz-object-lock-retain-until-date');
  return [
    ...(list ? (['s3:PutObjectAcl'] as const) : []),
    ...(says('x-amz-tagging') ? (['s3:PutObjectTagging'] as const) : []),
    ...(retention ? (['s3:PutObjectRetention'] as const) : []),
    ...(says('x-amz-object-lock-legal-hold') ? (['s3:PutObjectLegalHold'] as const) : []),
  ];
}
