import { LIST_KEYS_MAX } from '@sealgate/core/limits';
import type { Bucket, ListObjectsPage } from '@sealgate/core/ports';
import { type ListedEntry, listBucketResultV1, listBucketResultV2 } from '@sealgate/s3';
import { requireBucket, type S3Context } from '../context.ts';
import { openToken, sealToken } from '../page-token.ts';
import { replyXml } from '../reply.ts';
import { countParameter, encodingType, ownerOf, shownClass } from '../shown.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export async function listObjects(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const marker = context.query.get('marker') ?? '';
  const { page, common } = await list(context, bucket, marker);
  replyXml(
    context.response,
    listBucketResultV1({
      ...common,
      marker,
      // AWS names the next marker only with a delimiter; without one the last key serves.
      ...(page.next !== null && common.delimiter !== '' ? { nextMarker: page.next } : {}),
      contents: page.objects.map((o) => entry(o, ownerOf(bucket))),
    }),
  );
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listObjectsV2(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { query } = context;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const after = token === undefined ? (startAfter ?? '') : openToken(token);
  const { page, common } = await list(context, bucket, after);
  const owner = query.get('fetch-owner') === 'true' ? ownerOf(bucket) : undefined;
  replyXml(
    context.response,
    listBucketResultV2({
      ...common,
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(token === undefined ? {} : { continuationToken: token }),
      ...(page.next === null ? {} : { nextContinuationToken: sealToken(page.next) }),
      contents: page.objects.map((o) => entry(o, owner)),
    }),
  );
}

async function list(context: S3Context, bucket: Bucket, after: string) {
  const prefix = context.query.get('prefix') ?? '';
  const delimiter = context.query.get('delimiter') ?? '';
  const maxKeys = countParameter(context, 'max-keys', LIST_KEYS_MAX);
  const encoding = encodingType(context);
  const page: ListObjectsPage =
    maxKeys === 0
      ? { objects: [], commonPrefixes: [], truncated: false, next: null }
      : await context.metadata.listObjects({ bucketId: bucket.id, prefix, delimiter, after, limit: maxKeys });
  const common = {
    bucket: bucket.name,
    prefix,
    delimiter,
    maxKeys,
    encodingType: encoding,
    truncated: page.truncated,
    commonPrefixes: page.commonPrefixes,
  };
  return { page, common };
}

function entry(object: ListObjectsPage['objects'][number], owner: ListedEntry['owner']): ListedEntry {
  return {
    key: object.key,
    modifiedAtMs: object.modifiedAtMs,
    etag: object.etag,
    bytes: object.bytes,
    storageClass: shownClass(object.redundancyClass),
    owner,
    checksum: object.checksum,
  };
}
