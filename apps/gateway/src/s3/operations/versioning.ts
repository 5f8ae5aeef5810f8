import { Fault } from '@sealgate/core/faults';
import type { ListedVersion, ListVersionsPage } from '@sealgate/core/ports';
import {
  type ListedVersionEntry,
  listVersionsResult,
  parseListVersionsQuery,
  parseVersioningConfiguration,
  versioningConfiguration,
} from '@sealgate/s3';
import { ownersOf } from '../access/owners.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';
import { shownClass } from '../shown.ts';
import { toVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
export async function getBucketVersioning(context: S3Context): Promise<void> {
  const { versioning } = await requireBucket(context);
  const status = { off: undefined, enabled: 'Enabled', suspended: 'Suspended' } as const;
  replyXml(context.response, versioningConfiguration(status[versioning]));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export async function putBucketVersioning(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { status, mfaDelete } = parseVersioningConfiguration(await readWholeBody(context));
  if (mfaDelete) throw new Fault('NotImplemented', 'MFA delete is not implemented.');
  const versioning = status === 'Enabled' ? 'enabled' : 'suspended';
  await context.metadata.updateBucket(bucket.id, { versioning }, context.actor);
  replyEmpty(context.response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export async function listObjectVersions(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { maxKeys, encodingType, ...query } = parseListVersionsQuery(context.query);
  const { versionIdMarker, ...rest } = query;
  const page: ListVersionsPage =
    maxKeys === 0
      ? { versions: [], commonPrefixes: [], truncated: false, nextKeyMarker: null, nextVersionIdMarker: null }
      : await context.metadata.listVersions({
          ...rest,
          bucketId: bucket.id,
          limit: maxKeys,
          ...(versionIdMarker === '' ? {} : { versionIdMarker: toVersionId(versionIdMarker) }),
        });
  const ownerOf = await ownersOf(
    context,
    bucket,
    page.versions.map((version) => version.ownerId),
  );
  replyXml(
    context.response,
    listVersionsResult({
      ...query,
      bucket: bucket.name,
      maxKeys,
      encodingType,
      truncated: page.truncated,
      commonPrefixes: page.commonPrefixes,
      nextKeyMarker: page.nextKeyMarker ?? undefined,
      nextVersionIdMarker: page.nextVersionIdMarker ?? undefined,
      versions: page.versions.map((version) => entry(version, ownerOf(version.ownerId))),
    }),
  );
}

function entry(version: ListedVersion, owner: ListedVersionEntry['owner']): ListedVersionEntry {
  const { key, versionId, latest, modifiedAtMs } = version;
  if (version.deleteMarker) return { kind: 'delete-marker', key, versionId, latest, modifiedAtMs, owner };
  return {
    kind: 'version',
    key,
    versionId,
    latest,
    modifiedAtMs,
    owner,
    etag: version.etag,
    bytes: version.bytes,
    storageClass: shownClass(version.redundancyClass),
    checksum: version.checksum,
  };
}
