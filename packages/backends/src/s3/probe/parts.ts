import type { ProbeTarget } from '@sealgate/core/ports';
import {
  completeMultipartUploadRequest,
  parseCompleteMultipartUploadResult,
  parseInitiateMultipartUploadResult,
  unquoteEtag,
} from '@sealgate/s3';
import { wholeBody } from '../call-bodies.ts';
import type { S3Calls } from '../calls.ts';
import { headerOf } from '../headers.ts';
import { attempt, must, refused } from './attempt.ts';

/** The smallest part that S3 allows before the last one. */
export const PART_BYTES = 5 * 1024 * 1024;

/**
 * Puts an object in these parts. `unknown`: the server knows no uploads. `refused`: it would not make one object of
 * them. Servers may do so with an error, or with a 200 whose body is one.
 */
export async function putInParts(
  calls: S3Calls,
  target: ProbeTarget,
  bodies: readonly Buffer[],
): Promise<'done' | 'refused' | 'unknown'> {
  const begun = await attempt(calls, { method: 'POST', ...target, query: [['uploads', '']] });
  if (refused(begun, 'starting an upload') || !begun.ok) return 'unknown';
  const uploadId = parseInitiateMultipartUploadResult(begun.answer.body);
  const parts = [];
  for (const [index, bytes] of bodies.entries()) {
    const partNumber = index + 1;
    const { headers } = await must(calls, 'a part', {
      method: 'PUT',
      ...target,
      ...wholeBody(bytes),
      query: [
        ['partNumber', String(partNumber)],
        ['uploadId', uploadId],
      ],
    });
    parts.push({ partNumber, etag: unquoteEtag(headerOf(headers, 'etag') ?? '') });
  }
  const done = await attempt(calls, {
    method: 'POST',
    ...target,
    ...wholeBody(Buffer.from(completeMultipartUploadRequest(parts))),
    query: [['uploadId', uploadId]],
  });
  if (refused(done, 'completing an upload') || !done.ok) return 'refused';
  return parseCompleteMultipartUploadResult(done.answer.body).ok ? 'done' : 'refused';
}
