import { mayPlace } from '../placement/eligible.ts';
import { place } from '../placement/place.ts';
import { bindPolicy, type CompiledPolicy, narrow, type Situation, survivable } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';

/** What policies mean for the backends that there are. */
export interface PolicyExplanation {
  /** Of the innermost layer. */
  readonly policy: string;
  readonly encryption: CompiledPolicy['encryption'];
  readonly backends: readonly BackendExplanation[];
  readonly classes: readonly ClassExplanation[];
}

export interface BackendExplanation {
  readonly backend: string;
  readonly admitted: boolean;
  readonly rule: string;
  /** Empty for an admission. */
  readonly reason: string;
  /** The layer that refuses it, or the innermost one. */
  readonly policy: string;
}

export interface ClassExplanation {
  readonly name: string;
  readonly isDefault: boolean;
  /** `placed`: a new object finds its backends now. */
  readonly now: 'placed' | 'unavailable' | 'illegal';
  readonly rule: string;
  readonly reason: string;
  readonly storageMultiplier: number;
  readonly lossesAtAck: number;
  readonly lossesWhenComplete: number;
}

export interface ExplainRequest extends Situation {
  /** The outermost first; at least one. */
  readonly layers: readonly CompiledPolicy[];
  readonly backends: readonly Backend[];
  readonly writable: ReadonlySet<Backend['id']>;
  readonly regionLock: readonly string[];
}

/** @throws Fault PolicyRefused when the layers have no class or retention in common */
export function explainPolicies(request: ExplainRequest): PolicyExplanation {
  const { layers, backends, writable, regionLock, bucket, atMs } = request;
  const policy = bindPolicy(layers.reduce(narrow), { bucket, atMs });
  const scope = { regionLock };
  const bound = layers.map((layer) => bindPolicy(layer, { bucket, atMs }));
  return {
    policy: policy.name,
    encryption: policy.encryption,
    backends: backends.map((backend) => {
      const verdict = mayPlace(policy, backend, scope);
      const refusing = bound.find((layer) => !layer.admits(backend, scope).ok);
      const reason = verdict.ok ? '' : verdict.reason;
      const { ok: admitted, rule } = verdict;
      return { backend: backend.id, admitted, rule, reason, policy: refusing?.name ?? policy.name };
    }),
    classes: [...policy.classes.values()].map((redundancyClass) => {
      const placement = place({ policy, redundancyClass, scope, backends, writable, seed: 'explain' });
      const refused = placement.ok ? { rule: '', reason: '' } : { rule: placement.rule, reason: placement.reason };
      return {
        name: redundancyClass.name,
        isDefault: redundancyClass.name === policy.defaultClass,
        now: placement.ok ? 'placed' : placement.kind,
        ...refused,
        ...survivable(redundancyClass),
      };
    }),
  };
}
