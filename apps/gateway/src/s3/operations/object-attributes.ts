import type { ObjectVersion } from '@sealgate/core/ports';
import {
  type AttributedParts,
  formatHttpDate,
  getObjectAttributesOutput,
  type ObjectAttributeName,
  type ObjectAttributesQuery,
  parseObjectAttributesQuery,
} from '@sealgate/s3';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { unlockVersion } from '../encryption/reading.ts';
import { replyXml, setHeaders } from '../reply.ts';
import { shownChecksum, shownClass } from '../shown.ts';
import { findVersion, parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
export async function getObjectAttributes(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const key = requireKey(context);
  const query = parseObjectAttributesQuery(context.headers);
  const version = await findVersion(context, { bucket, key, versionId: parseVersionId(context) });
  const { headers } = unlockVersion(context, version);
  const { response } = context;
  setHeaders(response, headers);
  response.setHeader('last-modified', formatHttpDate(version.modifiedAtMs));
  if (bucket.versioning !== 'off') response.setHeader('x-amz-version-id', version.versionId);
  const { attributes } = query;
  const { checksum } = version;
  const asked = <T>(name: ObjectAttributeName, value: T): T | undefined => (attributes.has(name) ? value : undefined);
  const parts = version.parts > 0 && attributes.has('ObjectParts') ? await partsOf(context, version, query) : undefined;
  replyXml(
    response,
    getObjectAttributesOutput({
      etag: asked('ETag', version.etag),
      checksum: asked('Checksum', checksum === null ? undefined : shownChecksum(checksum, version.parts)),
      parts,
      storageClass: asked('StorageClass', shownClass(version.redundancyClass)),
      objectSize: asked('ObjectSize', version.bytes),
    }),
  );
}

async function partsOf(
  context: S3Context,
  version: ObjectVersion,
  { maxParts, partNumberMarker }: ObjectAttributesQuery,
): Promise<{ readonly partsCount: number; readonly page: AttributedParts }> {
  const found = maxParts === 0 ? [] : await context.metadata.readParts(version, partNumberMarker, maxParts + 1);
  const parts = found.slice(0, maxParts);
  return {
    partsCount: version.parts,
    page: {
      partNumberMarker,
      nextPartNumberMarker: parts.at(-1)?.partNumber ?? 0,
      maxParts,
      truncated: found.length > maxParts,
      parts: parts.map(({ partNumber, bytes, checksum }) => ({
        partNumber,
        bytes,
        ...(checksum === null ? {} : { checksum }),
      })),
    },
  };
}
