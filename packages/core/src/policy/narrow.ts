import { Fault } from '../faults/index.ts';
import type { EncryptionMode } from '../ports/index.ts';
import { type CompiledPolicy, type RedundancyClass, UNRESTRICTED, type Verdict } from './types.ts';

const STRICTNESS: Readonly<Record<EncryptionMode, number>> = { off: 0, report: 1, required: 2 };

/**
 * The policy under which only that is allowed what both allow. A tenant's policy narrows its operator's one and can
 * never widen it: a backend needs the consent of both, the stricter encryption mode holds, and where the operator
 * lists classes only those remain, as the operator defined them.
 * @throws Fault PolicyRefused when no class is left
 */
export function narrow(operator: CompiledPolicy, tenant: CompiledPolicy): CompiledPolicy {
  const classes = commonClasses(operator, tenant);
  const defaultClass = [tenant.defaultClass, operator.defaultClass, ...classes.keys()].find((name) =>
    classes.has(name),
  );
  const first = defaultClass === undefined ? undefined : classes.get(defaultClass);
  if (defaultClass === undefined || first === undefined) {
    throw new Fault(
      'PolicyRefused',
      `The policy "${tenant.name}" offers no class that the policy "${operator.name}" allows.`,
      { rule: 'policy.classes' },
    );
  }
  return {
    name: tenant.name,
    version: tenant.version,
    encryption: stricter(operator.encryption, tenant.encryption),
    pushesLocks: operator.pushesLocks || tenant.pushesLocks,
    openClasses: operator.openClasses && tenant.openClasses,
    classes: new Map([[defaultClass, first], ...classes]),
    defaultClass,
    admits: (backend, scope): Verdict => {
      const outer = operator.admits(backend, scope);
      if (!outer.ok) return outer;
      const inner = tenant.admits(backend, scope);
      return inner.ok && inner.rule === UNRESTRICTED ? outer : inner;
    },
  };
}

function commonClasses(operator: CompiledPolicy, tenant: CompiledPolicy): ReadonlyMap<string, RedundancyClass> {
  if (operator.openClasses) return tenant.classes;
  if (tenant.openClasses) return operator.classes;
  return new Map([...operator.classes].filter(([name]) => tenant.classes.has(name)));
}

function stricter(a: EncryptionMode | null, b: EncryptionMode | null): EncryptionMode | null {
  if (a === null || b === null) return a ?? b;
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}
