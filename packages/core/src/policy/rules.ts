import { certificateKey } from '../places/certificates.ts';
import { asCountry, isPlace, liesIn, mayLieIn } from '../places/countries.ts';
import { doubtfulPlace, lockRefusal } from '../places/residency.ts';
import type { Backend, BackendCapabilities } from '../ports/index.ts';
import type { PolicyDocument } from './document.ts';
import { createBackendJudge, type ExpressionRule, type Situation } from './expressions/index.ts';

/** One condition on a backend. */
export interface BackendRule {
  /** Stable name, as the document spells its place: `residency.regionLock`. */
  readonly name: string;
  /** Why the rule refuses the backend; undefined when it does not. */
  refusal(backend: Backend, situation: Situation): string | undefined;
}

interface AllowDeny {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** How a kind of value is compared: `in` must be sure that it lies in the entry, `mayBe` that it does not. */
interface Comparison {
  /** Why the value proves nothing whatever the lists say. */
  doubt?(backend: Backend): string | undefined;
  valueOf(backend: Backend): string;
  in(value: string, entry: string): boolean;
  mayBe(value: string, entry: string): boolean;
}

const placeOf = (valueOf: (backend: Backend) => string): Comparison => ({ valueOf, in: liesIn, mayBe: mayLieIn });
const same = (value: string, entry: string): boolean => value === entry;
const nameOf = (valueOf: (backend: Backend) => string): Comparison => ({
  valueOf,
  in: same,
  mayBe: (value, entry) => value === '' || value === entry,
});

/** Every condition that the document puts on backends, in its order; expressions come last. */
export function backendRules(
  spec: PolicyDocument['spec'],
  expressions: readonly ExpressionRule[],
): readonly BackendRule[] {
  const { residency = {}, require: required = {} } = spec;
  const lock = residency.regionLock;
  return [
    ...(lock === undefined
      ? []
      : [{ name: 'residency.regionLock', refusal: (backend: Backend) => lockRefusal(backend, lock) }]),
    ...listRules('residency.countries', residency.countries, {
      ...placeOf((backend) => backend.country),
      doubt: doubtfulPlace,
    }),
    ...listRules(
      'residency.operatorJurisdiction',
      residency.operatorJurisdiction,
      placeOf((backend) => knownSeat(backend.operatorJurisdiction)),
    ),
    ...listRules(
      'residency.providers',
      residency.providers,
      nameOf((backend) => backend.provider),
    ),
    ...listRules(
      'residency.backends',
      residency.backends,
      nameOf((backend) => backend.id),
    ),
    ...(required.capabilities ?? []).map(capabilityRule),
    ...(required.certificates ?? []).map(certificateRule),
    ...expressions.map((rule) => ({ name: rule.name, refusal: createBackendJudge(rule) })),
  ];
}

function listRules(name: string, lists: AllowDeny | undefined, comparison: Comparison): BackendRule[] {
  const { allow, deny } = lists ?? {};
  const rules: BackendRule[] = [];
  if (allow !== undefined) {
    rules.push({
      name: `${name}.allow`,
      refusal: (backend) => {
        const doubt = comparison.doubt?.(backend);
        if (doubt !== undefined) return doubt;
        const value = comparison.valueOf(backend);
        if (allow.some((entry) => comparison.in(value, entry))) return undefined;
        return `${shown(value)} is not among ${allow.join(', ')}`;
      },
    });
  }
  if (deny !== undefined) {
    rules.push({
      name: `${name}.deny`,
      refusal: (backend) => {
        const doubt = comparison.doubt?.(backend);
        if (doubt !== undefined) return doubt;
        const value = comparison.valueOf(backend);
        const entry = deny.find((denied) => comparison.mayBe(value, denied));
        return entry === undefined ? undefined : `${shown(value)} is, or may be, ${entry}`;
      },
    });
  }
  return rules;
}

function capabilityRule(capability: keyof BackendCapabilities): BackendRule {
  return {
    name: `require.capabilities.${capability}`,
    refusal: (backend) => (backend.capabilities[capability] === true ? undefined : `no probe found ${capability}`),
  };
}

function certificateRule(certificate: string): BackendRule {
  const wanted = certificateKey(certificate);
  return {
    name: `require.certificates.${wanted}`,
    refusal: (backend) =>
      backend.certificates.some((held) => certificateKey(held) === wanted)
        ? undefined
        : `it shows no certificate ${certificate}`,
  };
}

function knownSeat(seat: string): string {
  return isPlace(seat) ? asCountry(seat) : 'unknown';
}

function shown(value: string): string {
  return value === '' || value === 'unknown' || value === 'XX' ? 'an unknown value' : value;
}
