import {
  type BucketAccess,
  NOTHING_BLOCKED,
  parseAcl,
  parseOwnership,
  parsePublicAccessBlock,
  UNCONTROLLED_OWNERSHIP,
} from '@sealgate/core/access';
import type { Bucket } from '@sealgate/core/ports';
import type { Policies } from './policies.ts';

/** What a bucket says of who may do what in it, read from its documents. @throws Fault InternalError for unreadable ones */
export type ReadBucketAccess = (bucket: Bucket) => BucketAccess;

/** Remembers what it read as long as the bucket's row itself is kept. */
export function createReadBucketAccess(policies: Policies): ReadBucketAccess {
  const kept = new WeakMap<Bucket, BucketAccess>();
  return (bucket) => {
    const known = kept.get(bucket);
    if (known !== undefined) return known;
    const access = read(bucket, policies);
    kept.set(bucket, access);
    return access;
  };
}

function read({ configs, name, ownerId }: Bucket, policies: Policies): BucketAccess {
  const { policy, acl, ownership, 'public-access-block': block } = configs;
  return {
    ownerId,
    // Read when it is asked for: who does not need it gets at a bucket whose policy cannot be read.
    get policy() {
      return policy === undefined ? null : policies.ofBucket(policy, name);
    },
    acl: acl === undefined ? null : parseAcl(acl),
    ownership: ownership === undefined ? UNCONTROLLED_OWNERSHIP : parseOwnership(ownership),
    block: block === undefined ? NOTHING_BLOCKED : parsePublicAccessBlock(block),
  };
}
