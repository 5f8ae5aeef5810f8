import type { Condition } from './conditions.ts';
import { parseCidr } from './operators.ts';
import { compilePattern, hasVariables, isFixed } from './pattern.ts';
import type { PolicyDocument, Statement } from './policy-document.ts';

/** Keys that bind a statement to somebody or something in particular when they must equal fixed values. */
const BINDING_KEYS = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
]);

const EQUALITIES = new Set([
  'StringEquals',
  'StringEqualsIgnoreCase',
  'StringLike',
  'ArnEquals',
  'ArnLike',
  'NumericEquals',
]);

/** Wider ranges than these are as good as everybody. */
const IPV4_PREFIX_MIN = 8;
const IPV6_PREFIX_MIN = 32;

/**
 * Whether a bucket policy is public: whether any of its Allow statements is for everybody and not bound by a condition
 * to fixed values.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
export function isPublicPolicy(document: PolicyDocument): boolean {
  return document.statements.some(isPublicStatement);
}

function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect !== 'Allow' || principals === undefined) return false;
  if (!principals.negated && principals.principals.every(({ kind }) => kind !== 'everyone')) return false;
  return !conditions.some(binds);
}

/** A condition that also holds where the key is absent binds nobody. */
function binds(condition: Condition): boolean {
  if (condition.ifExists || condition.quantifier === 'all') return false;
  if (condition.operator === 'IpAddress') {
    return condition.key === 'aws:sourceip' && condition.values.every(isNarrowRange);
  }
  return EQUALITIES.has(condition.operator) && BINDING_KEYS.has(condition.key) && condition.values.every(isFixedValue);
}

function isFixedValue(value: string): boolean {
  const pattern = compilePattern(value, true);
  return pattern !== undefined && !hasVariables(pattern) && isFixed(pattern);
}

function isNarrowRange(value: string): boolean {
  const range = parseCidr(value);
  if (range === undefined) return false;
  const [address, prefix] = range;
  return prefix >= (address.kind() === 'ipv4' ? IPV4_PREFIX_MIN : IPV6_PREFIX_MIN);
}
