import { isKnownKey, normalizeKey } from './condition-keys.ts';
import { type Operator, operators, type ValueTest } from './operators.ts';
import type { Lookup } from './pattern.ts';
import { malformedPolicy } from './strict-json.ts';
import { isRecord, stringsOf } from './values.ts';

/** One key of one operator of a `Condition` block. */
export interface Condition {
  /** Without `IfExists` and `ForAnyValue:`. */
  readonly operator: string;
  readonly quantifier: 'one' | 'any' | 'all';
  readonly ifExists: boolean;
  /** Normalized. */
  readonly key: string;
  /** As in the document. */
  readonly values: readonly string[];
  readonly negated: boolean;
  /** One for each of `values`. */
  readonly tests: readonly ValueTest[];
}

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** @throws Fault MalformedPolicy */
export function parseConditions(block: unknown, variables: boolean): readonly Condition[] {
  if (block === undefined) return [];
  if (!isRecord(block)) throw malformedPolicy('Invalid policy syntax.');
  return Object.entries(block).flatMap(([text, keys]) => {
    const form = parseOperator(text);
    if (!isRecord(keys)) throw malformedPolicy('Invalid policy syntax.');
    return Object.entries(keys).map(([key, value]) => parseCondition(form, { key, value }, variables));
  });
}

interface OperatorForm extends Pick<Condition, 'quantifier' | 'ifExists'> {
  readonly text: string;
  readonly name: string;
  /** Undefined: `Null`. */
  readonly operator: Operator | undefined;
}

function parseOperator(text: string): OperatorForm {
  const form = OPERATOR.exec(text);
  const name = form?.[2] ?? '';
  const ifExists = form?.[3] !== undefined;
  const operator = operators.get(name);
  const shown = text.slice(0, 128);
  if (operator === undefined && (name !== 'Null' || ifExists)) {
    throw malformedPolicy(`Invalid Condition type : ${shown}`);
  }
  const quantifier = form?.[1] === undefined ? 'one' : form[1] === 'ForAllValues' ? 'all' : 'any';
  return { text: shown, name, operator, quantifier, ifExists };
}

function parseCondition(
  { text, name, operator, quantifier, ifExists }: OperatorForm,
  { key, value }: { readonly key: string; readonly value: unknown },
  variables: boolean,
): Condition {
  const normalized = normalizeKey(key);
  if (!isKnownKey(normalized)) throw malformedPolicy('Policy has an invalid condition key');
  const values = stringsOf(value, { scalars: true });
  if (values === undefined) throw malformedPolicy('Invalid policy syntax.');
  const tests = values.map((one) => {
    const test = operator === undefined ? nullTest(one) : operator.compile(one, variables);
    if (test === undefined) throw malformedPolicy(`Invalid value for condition ${text}`);
    return test;
  });
  const negated = operator?.negated ?? false;
  return { operator: name, quantifier, ifExists, key: normalized, values, negated, tests };
}

/** `"true"`: the key must be absent. */
function nullTest(value: string): ValueTest | undefined {
  const wanted = value.toLowerCase();
  return wanted === 'true' || wanted === 'false' ? (absent) => absent === wanted : undefined;
}

/**
 * Whether the condition holds in a request. A key that is absent makes an operator fail, a negated one hold, and any
 * with `IfExists` hold; `ForAllValues` holds over no values at all, `ForAnyValue` does not.
 */
export function conditionHolds(condition: Condition, lookup: Lookup): boolean {
  const { quantifier, negated, tests } = condition;
  const given = lookup(condition.key);
  const absent = given === undefined || given.length === 0;
  if (condition.operator === 'Null') return tests.some((test) => test(String(absent), lookup));
  if (absent) return condition.ifExists || (quantifier === 'one' ? negated : quantifier === 'all');
  const fits = (value: string): boolean => tests.some((test) => test(value, lookup)) !== negated;
  if (quantifier === 'all') return given.every(fits);
  if (quantifier === 'any') return given.some(fits);
  return negated ? given.every(fits) : given.some(fits);
}
