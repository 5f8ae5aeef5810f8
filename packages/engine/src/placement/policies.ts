import { Fault } from '@sealgate/core/faults';
import {
  bindPolicy,
  builtinPolicy,
  type CompiledPolicy,
  compilePolicy,
  DEFAULT_POLICY,
  narrow,
} from '@sealgate/core/policy';
import type { Bucket, Clock, Metadata } from '@sealgate/core/ports';
import { createKept } from '../kept/kept.ts';

/** A changed policy reaches every gateway within a second: so long an answer is kept, the rest is for asking anew. */
const FRESH_MS = 500;
const CACHED_MAX = 1000;

export interface Policies {
  /**
   * What holds for a bucket now: its own policy within its tenant's, within the operator's default one; the built-in one
   * where there is none.
   * @throws Fault PolicyRefused when a policy that is named does not exist
   */
  forBucket(bucket: Bucket): Promise<CompiledPolicy>;
}

export interface LayeredPolicies extends Policies {
  /** That of a bucket that need not be there yet: rules that ask for facts of it or for the time refuse. @throws Fault PolicyRefused */
  unbound(owner: PolicyOwner): Promise<CompiledPolicy>;
  /** The layers of that, the outermost first. @throws Fault PolicyRefused */
  layersOf(owner: PolicyOwner): Promise<readonly CompiledPolicy[]>;
  /**
   * What holds for bytes of the operator's own: the policy of this name, else the operator's default one, else the built-in one.
   * @throws Fault PolicyRefused when the one that is named does not exist
   */
  forOperator(name: string | undefined): Promise<CompiledPolicy>;
  /** Of nobody in particular: the operator's default alone, or the built-in one. */
  defaultLayers(): Promise<readonly CompiledPolicy[]>;
}

/** A bucket, or a tenant's buckets that have no policy of their own. */
export type PolicyOwner = Pick<Bucket, 'tenantId' | 'policyName'>;

/** Undefined: there is none of this name. */
interface Found {
  readonly policy: CompiledPolicy | undefined;
}

export function createPolicies(deps: {
  readonly metadata: Pick<Metadata, 'policy' | 'tenant'>;
  readonly clock: Clock;
}): LayeredPolicies {
  const { metadata, clock } = deps;
  const byName = createKept<string, Found>({
    max: CACHED_MAX,
    freshMs: FRESH_MS,
    clock,
    async ask(name, before) {
      const record = await metadata.policy(name);
      if (record === undefined) return { policy: undefined };
      if (before?.policy?.version === record.version) return before;
      return { policy: compilePolicy(record.document, { version: record.version }) };
    },
  });
  const byTenant = createKept<string, { readonly name: string | null }>({
    max: CACHED_MAX,
    freshMs: FRESH_MS,
    clock,
    ask: async (tenantId) => ({ name: (await metadata.tenant(tenantId))?.policyName ?? null }),
  });
  const narrowed = createNarrowed();

  const find = async (name: string): Promise<CompiledPolicy | undefined> => (await byName.get(name)).policy;

  const named = async (name: string): Promise<CompiledPolicy> => {
    const policy = await find(name);
    if (policy !== undefined) return policy;
    // A bucket whose policy is gone must not fall back to a wider one.
    throw new Fault('PolicyRefused', `The policy "${name}" of this bucket does not exist.`, { rule: 'policy.exists' });
  };

  const layersOf = async (owner: PolicyOwner): Promise<readonly CompiledPolicy[]> => {
    const { name: tenants } = await byTenant.get(owner.tenantId);
    const layers = [
      await find(DEFAULT_POLICY),
      tenants === null ? undefined : await named(tenants),
      owner.policyName === null ? undefined : await named(owner.policyName),
    ].filter((layer) => layer !== undefined);
    return layers.length === 0 ? [builtinPolicy] : layers;
  };

  const unbound = async (owner: PolicyOwner): Promise<CompiledPolicy> => (await layersOf(owner)).reduce(narrowed);

  return {
    layersOf,
    unbound,
    async forOperator(name) {
      const policy = await find(name ?? DEFAULT_POLICY);
      if (policy === undefined && name !== undefined) {
        throw new Fault('PolicyRefused', `There is no policy "${name}".`, { rule: 'policy.exists' });
      }
      return policy ?? builtinPolicy;
    },
    defaultLayers: async () => [(await find(DEFAULT_POLICY)) ?? builtinPolicy],
    forBucket: async (bucket) => bindPolicy(await unbound(bucket), { bucket, atMs: clock.now() }),
  };
}

/** Narrowing makes new values, so each pair is narrowed once while both are in use. */
function createNarrowed(): (outer: CompiledPolicy, inner: CompiledPolicy) => CompiledPolicy {
  const pairs = new WeakMap<CompiledPolicy, WeakMap<CompiledPolicy, CompiledPolicy>>();
  return (outer, inner) => {
    if (outer === inner) return outer;
    const known = pairs.get(outer) ?? new WeakMap<CompiledPolicy, CompiledPolicy>();
    pairs.set(outer, known);
    const made = known.get(inner) ?? narrow(outer, inner);
    known.set(inner, made);
    return made;
  };
}
