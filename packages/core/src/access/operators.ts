import ipaddr from 'ipaddr.js';
import { compilePattern, type Lookup, matchesPattern, type Pattern, resolveText } from './pattern.ts';

/** Whether one value of the request fits one value of the policy. */
export type ValueTest = (given: string, lookup: Lookup) => boolean;

export interface Operator {
  /** `Not` forms hold when no value of the policy fits. */
  readonly negated: boolean;
  /** @returns undefined when the policy's value cannot be one of this operator */
  compile(value: string, variables: boolean): ValueTest | undefined;
}

type Compile = Operator['compile'];

const withPattern =
  (test: (pattern: Pattern, given: string, lookup: Lookup) => boolean): Compile =>
  (value, variables) => {
    const pattern = compilePattern(value, variables);
    return pattern === undefined ? undefined : (given, lookup) => test(pattern, given, lookup);
  };

const equals = withPattern((pattern, given, lookup) => resolveText(pattern, lookup) === given);
const equalsIgnoreCase = withPattern(
  (pattern, given, lookup) => resolveText(pattern, lookup)?.toLowerCase() === given.toLowerCase(),
);
const like = withPattern(matchesPattern);

/** Each of the six parts of an ARN fits on its own, so that a `*` never reaches over a colon. */
const arnLike: Compile = (value, variables) => {
  const patterns = splitArn(value).map((part) => compilePattern(part, variables));
  if (patterns.some((pattern) => pattern === undefined)) return undefined;
  return (given, lookup) => {
    const parts = splitArn(given);
    return (
      parts.length === patterns.length &&
      patterns.every((pattern, i) => pattern !== undefined && matchesPattern(pattern, parts[i] ?? '', lookup))
    );
  };
};

/** The sixth part may have colons of its own. */
function splitArn(text: string): string[] {
  const parts = text.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

const NUMBER = /^[+-]?\d{1,18}(\.\d{1,9})?$/;
const numberOf = (text: string): number | undefined => (NUMBER.test(text) ? Number(text) : undefined);

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds of an ISO 8601 time, or of seconds since 1970. */
function timeOf(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const ordered =
  (read: (text: string) => number | undefined, holds: (given: number, wanted: number) => boolean): Compile =>
  (value) => {
    const wanted = read(value);
    if (wanted === undefined) return undefined;
    return (text) => {
      const given = read(text);
      return given !== undefined && holds(given, wanted);
    };
  };

const bool: Compile = (value) => {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') return undefined;
  return (given) => given.toLowerCase() === wanted;
};

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** An address, or a range in CIDR form. Only the usual forms: `0x7f.1` is no address here. */
export function parseCidr(text: string): Range | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || rest.length > 0) return undefined;
  const widest = parsed.kind() === 'ipv4' ? 32 : 128;
  if (prefix === undefined) return [parsed, widest];
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= widest ? [parsed, Number(prefix)] : undefined;
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && ipaddr.IPv6.isValid(text) && !text.includes('%') ? ipaddr.IPv6.parse(text) : undefined;
}

const inRange: Compile = (value) => {
  const range = parseCidr(value);
  if (range === undefined) return undefined;
  return (given) => {
    const address = parseAddress(given);
    if (address === undefined) return false;
    // A dual-stack socket shows IPv4 callers as ::ffff:a.b.c.d.
    const plain = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
    return plain.kind() === range[0].kind() && plain.match([range[0], range[1]] as never);
  };
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const binary: Compile = (value) => (BASE64.test(value) ? (given) => given === value : undefined);

const is = (compile: Compile): Operator => ({ negated: false, compile });
const isNot = (compile: Compile): Operator => ({ negated: true, compile });

const comparisons = (name: string, read: (text: string) => number | undefined): [string, Operator][] => [
  [`${name}Equals`, is(ordered(read, (a, b) => a === b))],
  [`${name}NotEquals`, isNot(ordered(read, (a, b) => a === b))],
  [`${name}LessThan`, is(ordered(read, (a, b) => a < b))],
  [`${name}LessThanEquals`, is(ordered(read, (a, b) => a <= b))],
  [`${name}GreaterThan`, is(ordered(read, (a, b) => a > b))],
  [`${name}GreaterThanEquals`, is(ordered(read, (a, b) => a >= b))],
];

/**
 * The condition operators but `Null`, which asks for the key itself.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['StringEquals', is(equals)],
  ['StringNotEquals', isNot(equals)],
  ['StringEqualsIgnoreCase', is(equalsIgnoreCase)],
  ['StringNotEqualsIgnoreCase', isNot(equalsIgnoreCase)],
  ['StringLike', is(like)],
  ['StringNotLike', isNot(like)],
  ...comparisons('Numeric', numberOf),
  ...comparisons('Date', timeOf),
  ['Bool', is(bool)],
  ['BinaryEquals', is(binary)],
  ['IpAddress', is(inRange)],
  ['NotIpAddress', isNot(inRange)],
  ['ArnEquals', is(arnLike)],
  ['ArnLike', is(arnLike)],
  ['ArnNotEquals', isNot(arnLike)],
  ['ArnNotLike', isNot(arnLike)],
]);
