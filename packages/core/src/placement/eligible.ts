import type { CompiledPolicy, PlacementScope, Verdict } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';

export const DRAINING = { ok: false, rule: 'backend.draining', reason: 'it is being emptied' } as const;
export const RETIRED = { ok: false, rule: 'backend.retired', reason: 'it is retired' } as const;
const NO_WEIGHT: Verdict = { ok: false, rule: 'backend.weight', reason: 'its weight is 0' };

/** May a new blob go to this backend, were it healthy? The policy's verdict first: it is the one that matters more. */
export function mayPlace(policy: CompiledPolicy, backend: Backend, scope: PlacementScope): Verdict {
  const verdict = policy.admits(backend, scope);
  if (!verdict.ok) return verdict;
  if (backend.state === 'draining') return DRAINING;
  if (backend.state === 'retired') return RETIRED;
  return backend.weight > 0 ? verdict : NO_WEIGHT;
}

export interface ExplainedBackend {
  readonly backend: Backend;
  readonly verdict: Verdict;
}

/** For each backend, the rule that admits or refuses it: what `place` decides by, before health and spread. */
export function explain(
  policy: CompiledPolicy,
  backends: readonly Backend[],
  scope: PlacementScope,
): readonly ExplainedBackend[] {
  return backends.map((backend) => ({ backend, verdict: mayPlace(policy, backend, scope) }));
}
