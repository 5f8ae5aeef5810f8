import { Fault } from '@sealgate/core/faults';
import type { Bucket } from '@sealgate/core/ports';
import { headerValue, type Payer } from '@sealgate/s3';
import type { S3Context } from './context.ts';

const HEADER = 'x-amz-request-payer';

/** Who pays for requests to a bucket: its owner, unless its owner said otherwise. */
export function payerOf(bucket: Pick<Bucket, 'configs'>): Payer {
  return bucket.configs['request-payment'] === 'Requester' ? 'Requester' : 'BucketOwner';
}

/**
 * In a bucket whose requesters pay, others than its owner must say that they know. What is charged is for the operator's
 * bookkeeping; here it is only made sure that nobody is surprised.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
 * @throws Fault AccessDenied
 */
export function requirePayer(context: S3Context, bucket: Bucket): void {
  if (payerOf(bucket) === 'BucketOwner') return;
  const { caller, headers, query, response } = context;
  if (caller.kind !== 'anonymous' && caller.credential.tenant.id === bucket.tenantId) return;
  const said = headerValue(headers, HEADER) ?? query.get(HEADER);
  if (caller.kind === 'anonymous' || said?.trim().toLowerCase() !== 'requester') {
    throw new Fault(
      'AccessDenied',
      `The requester pays in this bucket: sign the request and send ${HEADER}: requester.`,
    );
  }
  response.setHeader('x-amz-request-charged', 'requester');
}
