import { isPublicPolicy, type PolicyDocument, parsePolicyDocument } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { LRUCache } from 'lru-cache';
import { POLICY_CHARS_KEPT_MAX } from './limits.ts';

export interface BucketPolicy {
  readonly document: PolicyDocument;
  readonly isPublic: boolean;
}

/** Parsed policies by their text, so that a request pays for none that another one parsed before. */
export interface Policies {
  /** A stored policy of a bucket. @throws Fault InternalError when it cannot be read: then nobody gets in by it */
  ofBucket(text: string, bucket: string): BucketPolicy;
  /** A stored policy of a credential, a role or a session. @throws Fault InternalError */
  ofIdentity(text: string): PolicyDocument;
}

export function createPolicies(): Policies {
  const buckets = new LRUCache<string, BucketPolicy>({ maxSize: POLICY_CHARS_KEPT_MAX });
  const identities = new LRUCache<string, PolicyDocument>({ maxSize: POLICY_CHARS_KEPT_MAX });
  return {
    ofBucket(text, bucket) {
      // What a policy may be about depends on the bucket, so the same text in two buckets is two policies.
      const key = `${bucket} ${text}`;
      const kept = buckets.get(key);
      if (kept !== undefined) return kept;
      const document = parseStored(text, { kind: 'bucket', bucket });
      const policy = { document, isPublic: isPublicPolicy(document) };
      buckets.set(key, policy, { size: key.length });
      return policy;
    },
    ofIdentity(text) {
      const kept = identities.get(text);
      if (kept !== undefined) return kept;
      const document = parseStored(text, { kind: 'identity' });
      identities.set(text, document, { size: Math.max(1, text.length) });
      return document;
    },
  };
}

function parseStored(text: string, holder: Parameters<typeof parsePolicyDocument>[1]): PolicyDocument {
  try {
    return parsePolicyDocument(text, holder);
  } catch (error) {
    throw new Fault('InternalError', 'A stored policy cannot be read.', { cause: error });
  }
}
