import { BUCKETS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { listAllMyBucketsResult, parseListBucketsQuery } from '@sealgate/s3';
import { tenantOf } from '../access/caller.ts';
import type { S3Context } from '../context.ts';
import { openToken, sealToken } from '../page-token.ts';
import { replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export async function listBuckets(context: S3Context): Promise<void> {
  const { metadata } = context;
  const tenant = tenantOf(context.caller);
  const { prefix, continuationToken, maxBuckets, region } = parseListBucketsQuery(context.query);
  const after = continuationToken === undefined ? '' : openToken(continuationToken);
  const page =
    region === undefined || region === context.region
      ? await metadata.listBuckets(tenant.id, { prefix, after, limit: maxBuckets ?? BUCKETS_PER_TENANT_MAX })
      : { buckets: [], truncated: false };
  const last = page.buckets.at(-1);
  const body = listAllMyBucketsResult({
    owner: { id: tenant.ownerId, displayName: tenant.displayName },
    buckets: page.buckets.map((b) => ({
      name: b.name,
      createdAtMs: b.createdAtMs,
      // AWS names the region of each only to those who page or filter.
      region: maxBuckets === undefined && region === undefined ? undefined : b.region,
    })),
    ...(prefix === '' ? {} : { prefix }),
    ...(page.truncated && last !== undefined ? { continuationToken: sealToken(last.name) } : {}),
  });
  replyXml(context.response, body);
}
