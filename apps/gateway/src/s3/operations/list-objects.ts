import type { Bucket, ListObjectsPage } from '@sealgate/core/ports';
import {
  type ListedEntry,
  type ListObjectsQuery,
  listBucketResultV1,
  listBucketResultV2,
  parseListObjectsQuery,
  parseListObjectsV2Query,
} from '@sealgate/s3';
import { ownersOf } from '../access/owners.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { openToken, sealToken } from '../page-token.ts';
import { replyXml } from '../reply.ts';
import { shownClass } from '../shown.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export async function listObjects(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const query = parseListObjectsQuery(context.query);
  const { marker } = query;
  const page = await list(context, bucket, { ...query, after: marker });
  const ownerOf = await ownersOf(
    context,
    bucket,
    page.objects.map((object) => object.ownerId),
  );
  replyXml(
    context.response,
    listBucketResultV1({
      ...commonOf(bucket, query, page),
      marker,
      // AWS names the next marker only with a delimiter; without one the last key serves.
      ...(page.next !== null && query.delimiter !== '' ? { nextMarker: page.next } : {}),
      contents: page.objects.map((o) => entry(o, ownerOf(o.ownerId))),
    }),
  );
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listObjectsV2(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const query = parseListObjectsV2Query(context.query);
  const { continuationToken, startAfter } = query;
  const after = continuationToken === undefined || continuationToken === '' ? startAfter : openToken(continuationToken);
  const page = await list(context, bucket, { ...query, after });
  const ownerOf = await ownersOf(context, bucket, query.fetchOwner ? page.objects.map((o) => o.ownerId) : []);
  replyXml(
    context.response,
    listBucketResultV2({
      ...commonOf(bucket, query, page),
      ...(startAfter === '' ? {} : { startAfter }),
      continuationToken,
      ...(page.next === null ? {} : { nextContinuationToken: sealToken(page.next) }),
      contents: page.objects.map((o) => entry(o, query.fetchOwner ? ownerOf(o.ownerId) : undefined)),
    }),
  );
}

type PageQuery = Pick<ListObjectsQuery, 'prefix' | 'delimiter' | 'maxKeys' | 'encodingType'>;

async function list(
  context: S3Context,
  bucket: Bucket,
  query: PageQuery & { readonly after: string },
): Promise<ListObjectsPage> {
  const { prefix, delimiter, after, maxKeys } = query;
  if (maxKeys === 0) return { objects: [], commonPrefixes: [], truncated: false, next: null };
  return await context.metadata.listObjects({ bucketId: bucket.id, prefix, delimiter, after, limit: maxKeys });
}

function commonOf(bucket: Bucket, query: PageQuery, page: ListObjectsPage) {
  const { prefix, delimiter, maxKeys, encodingType } = query;
  const { truncated, commonPrefixes } = page;
  return { bucket: bucket.name, prefix, delimiter, maxKeys, encodingType, truncated, commonPrefixes };
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
