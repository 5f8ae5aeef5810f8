import { Fault } from '@sealgate/core/faults';
import { builtinPolicy, type CompiledPolicy, compilePolicy, narrow } from '@sealgate/core/policy';
import type { Bucket, Clock, Metadata } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';

/** A changed policy reaches every gateway within this time. */
const FRESH_MS = 1000;
const CACHED_MAX = 1000;

export interface Policies {
  /** What holds for a bucket: its own policy within its tenant's, else the tenant's, else the built-in one. */
  forBucket(bucket: Bucket): Promise<CompiledPolicy>;
}

interface Entry {
  readonly checkedMs: number;
  readonly policy: CompiledPolicy;
}

export function createPolicies(deps: {
  readonly metadata: Pick<Metadata, 'policy' | 'tenant'>;
  readonly clock: Clock;
}): Policies {
  const { metadata, clock } = deps;
  const byName = new LRUCache<string, Entry>({ max: CACHED_MAX });
  const byTenant = new LRUCache<string, { readonly checkedMs: number; readonly name: string | null }>({
    max: CACHED_MAX,
  });

  const named = async (name: string): Promise<CompiledPolicy> => {
    const now = clock.monotonic();
    const known = byName.get(name);
    if (known !== undefined && now - known.checkedMs < FRESH_MS) return known.policy;
    const record = await metadata.policy(name);
    // A bucket whose policy is gone must not fall back to a wider one.
    if (record === undefined) {
      throw new Fault('PolicyRefused', `The policy "${name}" of this bucket does not exist.`, {
        rule: 'policy.exists',
      });
    }
    const policy =
      known?.policy.version === record.version
        ? known.policy
        : compilePolicy(record.document, { version: record.version });
    byName.set(name, { checkedMs: now, policy });
    return policy;
  };

  const tenantPolicyName = async (tenantId: string): Promise<string | null> => {
    const now = clock.monotonic();
    const known = byTenant.get(tenantId);
    if (known !== undefined && now - known.checkedMs < FRESH_MS) return known.name;
    const name = (await metadata.tenant(tenantId))?.policyName ?? null;
    byTenant.set(tenantId, { checkedMs: now, name });
    return name;
  };

  return {
    async forBucket(bucket) {
      const outerName = await tenantPolicyName(bucket.tenantId);
      const outer = outerName === null ? builtinPolicy : await named(outerName);
      return bucket.policyName === null ? outer : narrow(outer, await named(bucket.policyName));
    },
  };
}
