import { Fault } from '@sealgate/core/faults';
import { POST_POLICY_CONDITIONS_MAX } from '../limits.ts';

/** What a signed form allows: the upload must meet every condition, until the policy ends. */
export interface PostPolicy {
  readonly expiresAtMs: number;
  readonly conditions: readonly PostCondition[];
}

export type PostCondition = FieldCondition | LengthCondition;

interface FieldCondition {
  readonly match: 'eq' | 'starts-with';
  /** Lower case, without the dollar sign. */
  readonly field: string;
  readonly value: string;
}

interface LengthCondition {
  readonly match: 'content-length-range';
  readonly min: number;
  readonly max: number;
}

function invalid(reason: string, cause?: unknown): Fault {
  return new Fault('InvalidPolicyDocument', `Invalid Policy: ${reason}`, { cause });
}

/**
 * Reads the `policy` field of a form: base64 of a JSON document.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 * @throws Fault InvalidPolicyDocument
 */
export function parsePostPolicy(base64: string): PostPolicy {
  const document = parseJson(base64);
  if (!isRecord(document)) throw invalid('Invalid JSON.');
  for (const name of Object.keys(document)) {
    if (name !== 'expiration' && name !== 'conditions') throw invalid(`Unexpected: '${name.slice(0, 64)}'.`);
  }
  const { expiration, conditions } = document;
  if (expiration === undefined) throw invalid('Policy missing expiration.');
  if (conditions === undefined) throw invalid('Policy missing conditions.');
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  if (conditions.length > POST_POLICY_CONDITIONS_MAX) throw invalid('Too many conditions.');
  return { expiresAtMs: parseExpiration(expiration), conditions: conditions.map(parseCondition) };
}

function parseJson(base64: string): unknown {
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw invalid('Invalid base64.');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'));
    return JSON.parse(withoutOwnEscapes(text)) as unknown;
  } catch (error) {
    throw invalid('Invalid JSON.', error);
  }
}

/** AWS lets a policy escape the dollar sign and the vertical tab, which JSON does not know. */
function withoutOwnEscapes(text: string): string {
  return text.replace(/\\(.)/gs, (pair, escaped: string) => {
    if (escaped === '$') return '$';
    return escaped === 'v' ? '\\u000b' : pair;
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

function parseExpiration(value: unknown): number {
  const timeMs = typeof value === 'string' && ISO_DATE.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(timeMs)) throw invalid(`Invalid 'expiration' value: '${shown(value)}'`);
  return timeMs;
}

function parseCondition(value: unknown): PostCondition {
  if (Array.isArray(value)) return parseListCondition(value);
  if (!isRecord(value)) throw invalid('Invalid Condition: must be a List or a Map.');
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  }
  const [field, wanted] = entry;
  if (typeof wanted !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.');
  return { match: 'eq', field: field.toLowerCase(), value: wanted };
}

function parseListCondition(list: readonly unknown[]): PostCondition {
  const [operator, first, second] = list;
  const match = typeof operator === 'string' ? operator.toLowerCase() : '';
  if (match !== 'eq' && match !== 'starts-with' && match !== 'content-length-range') {
    throw invalid(`Invalid Condition: unknown operation '${shown(operator)}'.`);
  }
  if (list.length !== 3) throw invalid(`Invalid ${match}: wrong number of arguments.`);
  if (match === 'content-length-range') return parseLengths(first, second);
  if (typeof first !== 'string' || !first.startsWith('$') || typeof second !== 'string') {
    throw invalid(`Invalid ${match}: needs a "$field" and a string.`);
  }
  return { match, field: first.slice(1).toLowerCase(), value: second };
}

function parseLengths(first: unknown, second: unknown): LengthCondition {
  const [min, max] = [toLength(first), toLength(second)];
  if (min === undefined || max === undefined || min > max) {
    throw invalid('Invalid content-length-range: needs two lengths, the smaller one first.');
  }
  return { match: 'content-length-range', min, max };
}

/** SDKs of some languages write numbers as text. */
function toLength(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const text = String(value);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : typeof value).slice(0, 64);

/** Fields that no condition needs to name: those that are the signature, and those that a client is told are ignored. */
const UNCHECKED: ReadonlySet<string> = new Set(['awsaccesskeyid', 'file', 'policy', 'signature', 'x-amz-signature']);
const isUnchecked = (name: string): boolean =>
  UNCHECKED.has(name) || name.startsWith('x-ignore-') || name.startsWith('x-amz-checksum-');

/**
 * Holds a form against its policy: the conditions of its fields, and that every field has one.
 * @param fields by lower-case name, `${filename}` put in; with `bucket`, the bucket that the request addresses
 * @throws Fault AccessDenied
 */
export function checkPostPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, nowMs: number): void {
  if (nowMs >= policy.expiresAtMs) throw denied('Policy expired.');
  const named = new Set<string>();
  for (const condition of policy.conditions) {
    if (condition.match === 'content-length-range') continue;
    named.add(condition.field);
    if (!holds(condition, fields.get(condition.field))) {
      const texts = [condition.match, `$${condition.field}`, condition.value].map((text) => JSON.stringify(text));
      // As S3 writes it, with blanks: clients look for it.
      throw denied(`Policy Condition failed: [${texts.join(', ')}]`);
    }
  }
  const extra = [...fields.keys()].filter((name) => !named.has(name) && !isUnchecked(name));
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ').slice(0, 512)}`);
}

function denied(reason: string): Fault {
  return new Fault('AccessDenied', `Invalid according to Policy: ${reason}`);
}

/** A field that is not there is empty: a policy that allows anything of it allows that, too. */
function holds({ match, field, value }: FieldCondition, given = ''): boolean {
  if (match === 'eq') return given === value;
  // A list of content types is one value of the form; each of them must be as the policy says.
  const parts = field === 'content-type' ? given.split(',').map((part) => part.trim()) : [given];
  return parts.every((part) => part.startsWith(value));
}

/**
 * Holds the file's length against every `content-length-range`.
 * @throws Fault EntityTooLarge, EntityTooSmall
 */
export function checkPostLength(policy: PostPolicy, bytes: number): void {
  for (const condition of policy.conditions) {
    if (condition.match !== 'content-length-range') continue;
    if (bytes > condition.max) {
      throw new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        detail: { ProposedSize: bytes, MaxSizeAllowed: condition.max },
      });
    }
    if (bytes < condition.min) {
      throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        detail: { ProposedSize: bytes, MinSizeAllowed: condition.min },
      });
    }
  }
}
