import { parseDeleteConditions } from '@sealgate/s3';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { bypassesGovernance } from '../object-lock.ts';
import { parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const key = requireKey(context);
  const versionId = parseVersionId(context);
  const deleted = await context.metadata.deleteObject({
    bucketId: bucket.id,
    key,
    ...(versionId === undefined ? {} : { versionId }),
    ...parseDeleteConditions(context.headers),
    bypassGovernance: versionId !== undefined && bypassesGovernance(context, bucket, key),
    actor: context.actor,
  });
  const { response } = context;
  if (deleted.versionId !== undefined) response.setHeader('x-amz-version-id', deleted.versionId);
  if (deleted.deleteMarker) response.setHeader('x-amz-delete-marker', 'true');
  response.writeHead(204).end();
}
