import { Fault } from '../faults/index.ts';
import type { EncryptionMode } from '../ports/index.ts';
import {
  type CompiledPolicy,
  type EnvelopeRules,
  type RedundancyClass,
  type RetentionRules,
  UNRESTRICTED,
  type Verdict,
} from './types.ts';

const STRICTNESS: Readonly<Record<EncryptionMode, number>> = { off: 0, report: 1, required: 2 };

/**
 * The policy under which only that is allowed what both allow. A tenant's policy narrows its operator's one and can
 * never widen it: a backend needs the consent of both, the stricter encryption mode holds, and where the operator
 * lists classes only those remain, as the operator defined them. Formats, key algorithms and bounds of retention are
 * those that both allow; preferences, which allow nothing, are the tenant's where it has some.
 * @throws Fault PolicyRefused when no class or no retention is left
 */
export function narrow(operator: CompiledPolicy, tenant: CompiledPolicy): CompiledPolicy {
  const classes = commonClasses(operator, tenant);
  // The innermost layer that says which one is the default; where none does, the innermost fallback.
  const layers = [tenant, operator];
  const said = layers.filter(({ saysDefaultClass }) => saysDefaultClass);
  const wishes = [...said, ...layers].map((layer) => layer.defaultClass);
  const defaultClass = [...wishes, ...classes.keys()].find((name) => classes.has(name));
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
    encryption: stricterEncryption(operator.encryption, tenant.encryption),
    pushesLocks: operator.pushesLocks || tenant.pushesLocks,
    openClasses: operator.openClasses && tenant.openClasses,
    classes: new Map([[defaultClass, first], ...classes]),
    defaultClass,
    saysDefaultClass: said.some((layer) => layer.defaultClass === defaultClass),
    envelopes: commonEnvelopes(operator.envelopes, tenant.envelopes),
    retention: commonRetention(operator, tenant),
    prefers: tenant.prefers ?? operator.prefers,
    needsSituation: operator.needsSituation || tenant.needsSituation,
    refusesWrite: (write, situation) =>
      operator.refusesWrite(write, situation) ?? tenant.refusesWrite(write, situation),
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

/** null says nothing. */
export function stricterEncryption(a: EncryptionMode | null, b: EncryptionMode | null): EncryptionMode | null {
  if (a === null || b === null) return a ?? b;
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

function commonEnvelopes(operator: EnvelopeRules, tenant: EnvelopeRules): EnvelopeRules {
  return {
    formats: common(operator.formats, tenant.formats),
    keyAlgorithms: common(operator.keyAlgorithms, tenant.keyAlgorithms),
    requiredRecipients: [...new Set([...operator.requiredRecipients, ...tenant.requiredRecipients])],
    manifest: operator.manifest ?? tenant.manifest,
  };
}

/** null says nothing. */
function common(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null || b === null) return a ?? b;
  return a.filter((each) => b.includes(each));
}

function commonRetention(operator: CompiledPolicy, tenant: CompiledPolicy): RetentionRules {
  const [a, b] = [operator.retention, tenant.retention];
  const minimumDays = Math.max(a.minimumDays, b.minimumDays);
  const maxima = [a.maximumDays, b.maximumDays].filter((days) => days !== null);
  const maximumDays = maxima.length === 0 ? null : Math.min(...maxima);
  if (maximumDays !== null && maximumDays < minimumDays) {
    throw new Fault(
      'PolicyRefused',
      `The policies "${operator.name}" and "${tenant.name}" ask for retention of ${minimumDays} days at least and ${maximumDays} at most.`,
      { rule: 'objectLock.retention' },
    );
  }
  const mode = [a.mode, b.mode].includes('COMPLIANCE') ? 'COMPLIANCE' : (a.mode ?? b.mode);
  const wanted = b.byDefault ?? a.byDefault;
  const byDefault = wanted && {
    mode: mode === 'COMPLIANCE' ? mode : wanted.mode,
    days: Math.min(Math.max(wanted.days, minimumDays), maximumDays ?? Number.POSITIVE_INFINITY),
  };
  return { minimumDays, maximumDays, byDefault, mode };
}
