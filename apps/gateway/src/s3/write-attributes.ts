import { PLAIN_ATTRIBUTES, type VersionAttributes } from '@sealgate/core/ports';
import { requestedOwnership } from './access/grants.ts';
import type { S3Context } from './context.ts';
import type { GovernedBucket } from './governed.ts';
import { requestedLock } from './object-lock.ts';

/**
 * What a request that makes a new version says of it besides bytes and headers: its owner and access control list, and
 * how long it is locked. Encryption joins later, with the body.
 * @throws Fault AccessControlListNotSupported, AccessDenied, InvalidArgument, InvalidRequest, PolicyRefused,
 * UnresolvableGrantByEmailAddress
 */
export async function requestedAttributes(context: S3Context, bucket: GovernedBucket): Promise<VersionAttributes> {
  const lock = requestedLock(context, bucket);
  return { ...PLAIN_ATTRIBUTES, ...lock, ...(await requestedOwnership(context, bucket)) };
}
