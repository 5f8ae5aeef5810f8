import { type Fault, toFault } from '@sealgate/core/faults';
import { parseObjectKey } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import {
  conditionsOfDeletion,
  type DeleteRequest,
  type DeleteResult,
  deleteResult,
  parseDelete,
  s3ErrorCode,
} from '@sealgate/s3';
import { authorizeVersion, DELETION, type VersionPlace } from '../access/versions.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { bypassesGovernance } from '../object-lock.ts';
import { replyXml } from '../reply.ts';
import { requireDigest } from '../required-digest.ts';
import { toVersionId } from '../version-query.ts';

/** Deletions of one request under way at one time. */
const CONCURRENT_MAX = 8;

type Deleted = DeleteResult['deleted'][number];
type Refused = DeleteResult['errors'][number];

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  requireDigest(context);
  const { objects, quiet } = parseDelete(await readWholeBody(context));
  const results: (Deleted | Refused)[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let object = objects[next]; object !== undefined; object = objects[next]) {
      const index = next;
      next += 1;
      results[index] = await deleteOne(context, bucket, object);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, work));
  const errors = results.filter((r): r is Refused => 'code' in r);
  const deleted = quiet ? [] : results.filter((r): r is Deleted => !('code' in r));
  replyXml(context.response, deleteResult({ deleted, errors }));
}

/** The version that is meant. What cannot be a name needs no right: nothing is there. */
function placeOf(context: S3Context, bucket: Bucket, object: DeleteRequest['objects'][number]): VersionPlace {
  const { key, versionId } = object;
  try {
    return {
      bucket,
      key: parseObjectKey(key),
      versionId: versionId === undefined ? undefined : toVersionId(versionId),
    };
  } catch (error) {
    context.access.decided();
    throw error;
  }
}

async function deleteOne(
  context: S3Context,
  bucket: Bucket,
  object: DeleteRequest['objects'][number],
): Promise<Deleted | Refused> {
  const { key, versionId } = object;
  try {
    const place = placeOf(context, bucket, object);
    await authorizeVersion(context, place, DELETION);
    const result = await context.metadata.deleteObject({
      bucketId: bucket.id,
      key: place.key,
      ...(place.versionId === undefined ? {} : { versionId: place.versionId }),
      bypassGovernance: versionId !== undefined && bypassesGovernance(context, bucket, place.key),
      ...conditionsOfDeletion(object),
      actor: context.actor,
    });
    note(context, bucket, object, undefined);
    return {
      key,
      ...(versionId === undefined ? {} : { versionId }),
      ...(result.deleteMarker ? { deleteMarker: true, deleteMarkerVersionId: result.versionId } : {}),
    };
  } catch (error) {
    const fault = toFault(error);
    note(context, bucket, object, fault);
    return {
      key,
      ...(versionId === undefined ? {} : { versionId }),
      code: s3ErrorCode(fault.code),
      message: fault.message,
    };
  }
}

function note(
  context: S3Context,
  bucket: Bucket,
  { key, versionId }: DeleteRequest['objects'][number],
  fault: Fault | undefined,
): void {
  if (bucket.configs.logging !== undefined) context.parts.push({ what: 'deleted', bucket, key, versionId, fault });
}
