import type { PresignedPut, PresignPut } from '@sealgate/core/ports';
import { presignUrl } from '@sealgate/s3';
import type { S3Calls } from './calls.ts';
import { addressOf, parseEndpoint } from './target.ts';

/**
 * A URL with which somebody without our keys puts one blob, once. All that can be bound is: the length, the condition that
 * there is nothing yet (so that what was verified is never written over), and the digests that are known.
 */
export function presignPut(
  { target, clock }: S3Calls,
  place: { readonly bucket: string; readonly key: string },
  put: PresignPut,
): PresignedPut | undefined {
  const { conditionalWrite, checksumHeader } = target.capabilities ?? {};
  if (conditionalWrite !== true) return undefined;
  const { md5, sha256 } = put;
  const base64 = (digest: Uint8Array): string => Buffer.from(digest).toString('base64');
  const headers: Record<string, string> = {
    'content-length': String(put.bytes),
    'if-none-match': '*',
    ...(md5 === undefined ? {} : { 'content-md5': base64(md5) }),
    ...(sha256 === undefined || checksumHeader !== true ? {} : { 'x-amz-checksum-sha256': base64(sha256) }),
  };
  const { origin, rawPath } = addressOf(parseEndpoint(target.endpoint), target.addressing, place);
  const url = presignUrl({
    method: 'PUT',
    origin,
    rawPath,
    headers,
    credentials: target.credentials,
    region: target.region,
    nowMs: clock.now(),
    expiresSeconds: put.expiresSeconds,
  });
  return { url, headers };
}
