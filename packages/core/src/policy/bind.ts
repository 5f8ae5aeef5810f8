import type { Situation } from './expressions/index.ts';
import type { CompiledPolicy } from './types.ts';

/**
 * A policy that knows the bucket and the time that its rules ask for. Without it those facts are unknown, and such rules
 * refuse. A policy without such rules is answered as it is, so that the usual one costs nothing.
 */
export function bindPolicy(policy: CompiledPolicy, situation: Situation): CompiledPolicy {
  if (!policy.needsSituation) return policy;
  return {
    ...policy,
    admits: (backend, scope) => policy.admits(backend, { ...situation, ...scope }),
    refusesWrite: (write, asked) => policy.refusesWrite(write, { ...situation, ...asked }),
  };
}
