import { conditionHolds } from './conditions.ts';
import { type Lookup, matchesPattern, matchesWildcards } from './pattern.ts';
import type { PolicyDocument, Statement } from './policy-document.ts';
import { type Naming, namingOf, type Principal } from './principals.ts';

/** What a policy is asked. */
export interface PolicyQuestion {
  /** `s3:GetObject` */
  readonly action: string;
  /** `arn:aws:s3:::bucket/key` */
  readonly resource: string;
  /** Values of condition keys, by their normalized names. */
  readonly lookup: Lookup;
}

/** What one policy says. `allowed` is how the allowing statements name the caller; `no` when there are none. */
export interface PolicyAnswer {
  readonly denied: boolean;
  readonly allowed: Naming;
}

export const SILENT: PolicyAnswer = { denied: false, allowed: 'no' };

/** What a bucket's policy says to a caller. An explicit Deny is never outdone, so the search ends with the first. */
export function evaluateBucketPolicy(
  document: PolicyDocument,
  caller: Principal,
  question: PolicyQuestion,
): PolicyAnswer {
  return evaluate(document, question, ({ principals }) =>
    principals === undefined ? 'no' : namingOf(principals, caller),
  );
}

/** What the policy of a credential, role or session says to its holder. */
export function evaluateIdentityPolicy(document: PolicyDocument, question: PolicyQuestion): PolicyAnswer {
  return evaluate(document, question, () => 'direct');
}

function evaluate(
  document: PolicyDocument,
  question: PolicyQuestion,
  naming: (statement: Statement) => Naming,
): PolicyAnswer {
  const action = question.action.toLowerCase();
  let allowed: Naming = 'no';
  for (const statement of document.statements) {
    if (statement.effect === 'Allow' && allowed === 'direct') continue;
    const named = naming(statement);
    if (named === 'no' || !applies(statement, action, question)) continue;
    if (statement.effect === 'Deny') return { denied: true, allowed: 'no' };
    allowed = named;
  }
  return { denied: false, allowed };
}

function applies(statement: Statement, action: string, question: PolicyQuestion): boolean {
  const { actions, resources, conditions } = statement;
  const { resource, lookup } = question;
  return (
    actions.patterns.some((pattern) => matchesWildcards(pattern, action)) !== actions.negated &&
    resources.patterns.some((pattern) => matchesPattern(pattern, resource, lookup)) !== resources.negated &&
    conditions.every((condition) => conditionHolds(condition, lookup))
  );
}
