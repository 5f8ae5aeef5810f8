import { Fault } from '@sealgate/core/faults';
import { headerValue } from '@sealgate/s3';
import type { S3Context } from './context.ts';

/**
 * Some bodies must be protected against corruption, because what they ask for cannot be undone. The digest itself is
 * checked where the body is read.
 * @throws Fault InvalidRequest when the request carries no digest of its body
 */
export function requireDigest({ headers }: Pick<S3Context, 'headers'>): void {
  const known = Object.keys(headers).some(
    (name) => name === 'content-md5' || name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer',
  );
  if (!known && headerValue(headers, 'x-amz-sdk-checksum-algorithm') === undefined) {
    throw new Fault('InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  }
}
