import { decide, LOG_DELIVERY_SERVICE } from '@sealgate/core/access';
import type { Bucket } from '@sealgate/core/ports';
import type { ReadBucketAccess } from '../s3/access/bucket-access.ts';

/**
 * Whether the owner of `target` lets logs of `source` in: by a bucket policy for the service `logging.s3.amazonaws.com`,
 * or by a list that lets the group LogDelivery write. Policies are written for the prefix as often as for the keys.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
 */
export function mayDeliver(
  readBucketAccess: ReadBucketAccess,
  buckets: { readonly source: Bucket; readonly target: Bucket },
  place: { readonly prefix: string; readonly key: string },
): boolean {
  const { source, target } = buckets;
  const values: ReadonlyMap<string, readonly string[]> = new Map([
    ['aws:sourcearn', [`arn:aws:s3:::${source.name}`]],
    // An account has several names here, and a policy may give any of them.
    ['aws:sourceaccount', [source.tenantName, source.tenantId, source.ownerId]],
    ['aws:principalisawsservice', ['true']],
    ['aws:principalservicename', [LOG_DELIVERY_SERVICE]],
    ['aws:securetransport', ['true']],
  ]);
  const decision = (name: string) =>
    decide({
      action: 's3:PutObject',
      resource: `arn:aws:s3:::${target.name}/${name}`,
      caller: { kind: 'service', service: LOG_DELIVERY_SERVICE },
      identity: { policy: null, sessionPolicy: null },
      lookup: (key) => values.get(key),
      bucket: readBucketAccess(target),
    });
  const ofKey = decision(place.key);
  if (ofKey.allowed) return true;
  return ofKey.why !== 'bucket-policy-denies' && decision(place.prefix).allowed;
}
