import { Fault } from '@sealgate/core/faults';
import { BUCKETS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { listAllMyBucketsResult } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { openToken, sealToken } from '../page-token.ts';
import { replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export async function listBuckets(context: S3Context): Promise<void> {
  const { query, tenant, metadata } = context;
  const limit = maxBuckets(query.get('max-buckets'));
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const elsewhere = query.get('bucket-region') ?? context.region;
  const page =
    elsewhere === context.region
      ? await metadata.listBuckets(tenant.id, { prefix, after: token === undefined ? '' : openToken(token), limit })
      : { buckets: [], truncated: false };
  const last = page.buckets.at(-1);
  const body = listAllMyBucketsResult({
    owner: { id: tenant.ownerId, displayName: tenant.displayName },
    buckets: page.buckets.map((b) => ({
      name: b.name,
      createdAtMs: b.createdAtMs,
      region: query.has('max-buckets') || query.has('bucket-region') ? b.region : undefined,
    })),
    ...(prefix === '' ? {} : { prefix }),
    ...(page.truncated && last !== undefined ? { continuationToken: sealToken(last.name) } : {}),
  });
  replyXml(context.response, body);
}

function maxBuckets(text: string | undefined): number {
  if (text === undefined) return BUCKETS_PER_TENANT_MAX;
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > BUCKETS_PER_TENANT_MAX) {
    throw new Fault('InvalidArgument', `Argument max-buckets must be an integer between 1 and ${BUCKETS_PER_TENANT_MAX}`, {
      detail: { ArgumentName: 'max-buckets', ArgumentValue: text.slice(0, 64) },
    });
  }
  return value;
}
