import { ACCESS_POLICY_STATEMENTS_MAX } from '../limits.ts';
import { namesS3Action } from './actions.ts';
import { type Condition, parseConditions } from './conditions.ts';
import { compilePattern, matchesWildcards, type Pattern } from './pattern.ts';
import { type PrincipalRule, parsePrincipals } from './principals.ts';
import { malformedPolicy, parseStrictJson } from './strict-json.ts';
import { isRecord, stringsOf } from './values.ts';

/** An access policy: the documented JSON subset of IAM's language. */
export interface PolicyDocument {
  readonly version: '2008-10-17' | '2012-10-17';
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in the policy of a credential or a session, which is about its holder. */
  readonly principals: PrincipalRule | undefined;
  /** Patterns in lower case: actions have no case. */
  readonly actions: { readonly negated: boolean; readonly patterns: readonly string[] };
  readonly resources: { readonly negated: boolean; readonly patterns: readonly Pattern[] };
  readonly conditions: readonly Condition[];
}

/** What the document is attached to: a bucket, or an identity (a credential, a session, a role). */
export type PolicyHolder = { readonly kind: 'bucket'; readonly bucket: string } | { readonly kind: 'identity' };

const DOCUMENT_FIELDS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_FIELDS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

/**
 * Parses and checks a policy.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 * @throws Fault MalformedPolicy
 */
export function parsePolicyDocument(text: string, holder: PolicyHolder): PolicyDocument {
  const root = parseStrictJson(text);
  if (!isRecord(root)) throw malformedPolicy('Invalid policy syntax.');
  requireFields(root, DOCUMENT_FIELDS);
  const version = root['Version'] ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformedPolicy('The policy must contain a valid version string');
  }
  const { Id: id, Statement: body } = root;
  if (id !== undefined && typeof id !== 'string') throw malformedPolicy('Invalid policy syntax.');
  if (body === undefined) throw malformedPolicy('Missing required field Statement');
  const list: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (list.length === 0) throw malformedPolicy('Could not parse the policy: Statement is empty!');
  if (list.length > ACCESS_POLICY_STATEMENTS_MAX) throw malformedPolicy('The policy has too many statements.');
  const variables = version === '2012-10-17';
  const statements = list.map((statement) => parseStatement(statement, holder, variables));
  requireUniqueSids(statements);
  return { version, id, statements };
}

function requireFields(record: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): void {
  for (const field of Object.keys(record)) {
    if (!known.has(field)) throw malformedPolicy(`Unknown field ${field.slice(0, 128)}`);
  }
}

function requireUniqueSids(statements: readonly Statement[]): void {
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]));
  if (new Set(sids).size !== sids.length) {
    throw malformedPolicy('Statement IDs (SID) in a single policy must be unique.');
  }
}

function parseStatement(value: unknown, holder: PolicyHolder, variables: boolean): Statement {
  if (!isRecord(value)) throw malformedPolicy('Invalid policy syntax.');
  requireFields(value, STATEMENT_FIELDS);
  const { Sid: sid, Effect: effect } = value;
  if (sid !== undefined && typeof sid !== 'string') throw malformedPolicy('Invalid policy syntax.');
  if (effect === undefined) throw malformedPolicy('Missing required field Effect');
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformedPolicy(`Invalid effect: ${typeof effect === 'string' ? effect.slice(0, 64) : typeof effect}`);
  }
  return {
    sid,
    effect,
    principals: principalsOf(value, holder, effect),
    actions: actionsOf(value, holder),
    resources: resourcesOf(value, holder, variables),
    conditions: parseConditions(value['Condition'], variables),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The one of two fields that exclude each other. */
function oneOf(fields: Fields, name: string): { readonly negated: boolean; readonly value: unknown } {
  const [plain, negated] = [fields[name], fields[`Not${name}`]];
  if (plain !== undefined && negated !== undefined) throw malformedPolicy('Invalid policy syntax.');
  if (plain === undefined && negated === undefined) throw malformedPolicy(`Missing required field ${name}`);
  return plain === undefined ? { negated: true, value: negated } : { negated: false, value: plain };
}

function principalsOf(fields: Fields, holder: PolicyHolder, effect: Statement['effect']): PrincipalRule | undefined {
  if (holder.kind === 'identity') {
    if (fields['Principal'] === undefined && fields['NotPrincipal'] === undefined) return undefined;
    throw malformedPolicy('Policy document should not specify a principal.');
  }
  const { negated, value } = oneOf(fields, 'Principal');
  // "Everybody but" grants to the whole world; AWS refuses it, too.
  if (negated && effect === 'Allow') throw malformedPolicy('Allow with NotPrincipal is not allowed.');
  return parsePrincipals(value, negated);
}

const ACTION = /^(\*|[a-z0-9-]{1,64}:[a-z0-9*?]{1,128})$/;

function actionsOf(fields: Fields, holder: PolicyHolder): Statement['actions'] {
  const { negated, value } = oneOf(fields, 'Action');
  const patterns = stringsOf(value)?.map((text) => text.toLowerCase());
  const valid = (pattern: string): boolean =>
    ACTION.test(pattern) && (holder.kind === 'identity' || pattern === '*' || namesS3Action(pattern));
  if (patterns === undefined || !patterns.every(valid)) throw malformedPolicy('Policy has invalid action');
  return { negated, patterns };
}

const RESOURCE = /^arn:(aws|\*):[^:]*:[^:]*:[^:]*:./s;

function resourcesOf(fields: Fields, holder: PolicyHolder, variables: boolean): Statement['resources'] {
  const { negated, value } = oneOf(fields, 'Resource');
  const patterns = stringsOf(value)?.map((text) => {
    if (text !== '*' && !RESOURCE.test(text)) return undefined;
    if (holder.kind === 'bucket' && !mayMeanBucket(text, holder.bucket)) return undefined;
    return compilePattern(text, variables);
  });
  if (patterns?.every((pattern) => pattern !== undefined) !== true) {
    throw malformedPolicy('Policy has invalid resource');
  }
  return { negated, patterns };
}

/**
 * Whether a pattern can mean the bucket or something in it. One that cannot is a mistake, of which the owner should
 * hear: the statement would do nothing.
 */
function mayMeanBucket(text: string, bucket: string): boolean {
  if (text === '*') return true;
  const slash = text.indexOf('/');
  const place = slash === -1 ? text : text.slice(0, slash);
  const arn = `arn:aws:s3:::${bucket}`;
  // Before its first slash a pattern with a star may reach into keys: then only what stands before the star decides.
  const star = place.indexOf('*');
  return (
    place.includes('${') ||
    matchesWildcards(place, arn) ||
    (star !== -1 && matchesWildcards(`${place.slice(0, star)}*`, arn))
  );
}
