import { retentionResult } from '@sealgate/s3';
import { withMd5 } from './call-bodies.ts';
import type { S3Calls } from './calls.ts';

/** Sent with what would otherwise be refused under GOVERNANCE retention. Needs the right of the same name. */
export const BYPASS_GOVERNANCE = { 'x-amz-bypass-governance-retention': 'true' } as const;

/**
 * Retains the only version of a key. GOVERNANCE, never COMPLIANCE: this driver must be able to remove a copy that went
 * bad, or that moved elsewhere; what no client may remove is decided before anything gets here.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
 */
export async function retainObject(
  calls: S3Calls,
  wanted: { readonly bucket: string; readonly key: string; readonly untilMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { bucket, key, untilMs, signal } = wanted;
  const { body, headers } = withMd5(Buffer.from(retentionResult({ mode: 'GOVERNANCE', untilMs })));
  await calls.fetch({
    method: 'PUT',
    bucket,
    key,
    query: [['retention', null]],
    headers: { ...headers, ...BYPASS_GOVERNANCE },
    body,
    signal,
    idempotent: true,
  });
}
