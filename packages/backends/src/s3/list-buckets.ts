import { parseListBucketsResult } from '@sealgate/s3';
import { createS3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import type { S3Target } from './target.ts';

/** Names of all buckets that the keys own. @throws Fault BackendRefused, BackendUnreachable, BackendTimeout */
export async function listS3Buckets(target: S3Target, options: { readonly signal: AbortSignal }): Promise<string[]> {
  const calls = createS3Calls(target);
  try {
    const { body } = await calls.fetch({ method: 'GET', signal: options.signal, idempotent: true });
    return readAnswer(() => parseListBucketsResult(body)).map(({ name }) => name);
  } finally {
    await calls.close();
  }
}
