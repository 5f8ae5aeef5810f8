import { type BucketAccess, decide, LOG_DELIVERY_SERVICE, type Statement } from '@sealgate/core/access';
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
  const access = forLogDelivery(readBucketAccess(target));
  const decision = (name: string) =>
    decide({
      action: 's3:PutObject',
      resource: `arn:aws:s3:::${target.name}/${name}`,
      caller: { kind: 'service', service: LOG_DELIVERY_SERVICE },
      identity: { policy: null, sessionPolicy: null },
      lookup: (key) => values.get(key),
      bucket: access,
    });
  const ofKey = decision(place.key);
  if (ofKey.allowed) return true;
  return ofKey.why !== 'bucket-policy-denies' && decision(place.prefix).allowed;
}

/** A bucket that anybody may write to has not asked for logs: only statements that name their writer let it in. */
function forLogDelivery(access: BucketAccess): BucketAccess {
  if (access.policy === null) return access;
  const { document, isPublic } = access.policy;
  const statements = document.statements.filter((one) => one.effect === 'Deny' || namesLogDelivery(one));
  return { ...access, policy: { document: { ...document, statements }, isPublic } };
}

function namesLogDelivery({ principals }: Statement): boolean {
  const named = principals?.negated === false ? principals.principals : [];
  return named.some((one) => one.kind === 'service' && one.service === LOG_DELIVERY_SERVICE);
}
