import { Fault, isFault } from '@sealgate/core/faults';
import { parseQuery, type Query } from '../query.ts';

/**
 * The AWS query protocol: a form in the body of `POST /`. STS speaks it, and so does IAM, which we have not.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html
 */
export interface QueryApiCall {
  /** By the version that it names; `unknown` for one that no service here has. */
  readonly service: 'sts' | 'iam' | 'unknown';
  /** Empty when there is none. */
  readonly action: string;
  readonly version: string;
  readonly parameters: Query;
}

/** What STS here can be asked for. */
export type StsRequest = GetSessionToken | AssumeRole | AssumeRoleWithWebIdentity | GetCallerIdentity;

interface GetSessionToken {
  readonly action: 'GetSessionToken';
  readonly durationSeconds: number;
}

interface RoleRequest {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly policy: string | null;
  /** null: not asked for. */
  readonly durationSeconds: number | null;
}

export interface AssumeRole extends RoleRequest {
  readonly action: 'AssumeRole';
}

export interface AssumeRoleWithWebIdentity extends RoleRequest {
  readonly action: 'AssumeRoleWithWebIdentity';
  readonly webIdentityToken: string;
}

interface GetCallerIdentity {
  readonly action: 'GetCallerIdentity';
}

const VERSIONS: Readonly<Record<string, 'sts' | 'iam'>> = { '2011-06-15': 'sts', '2010-05-08': 'iam' };

/** AWS: seconds. A session from keys lives up to 36 hours, one of a role up to 12. */
export const SESSION_SECONDS_MIN = 900;
const SESSION_SECONDS_MAX = 129_600;
export const ROLE_SESSION_SECONDS_MAX = 43_200;
const SESSION_SECONDS_DEFAULT = 43_200;
export const ROLE_SESSION_SECONDS_DEFAULT = 3600;
/** AWS: characters. */
const ROLE_ARN_MAX = 2048;
export const SESSION_POLICY_CHARACTERS_MAX = 2048;
const WEB_IDENTITY_TOKEN_MAX = 20_000;

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const POLICY_TEXT = /^[\u0009\u000a\u000d\u0020-\u00ff]+$/;

/** @throws Fault ValidationFailed when the body is no form in UTF-8 */
export function parseQueryApiCall(body: string): QueryApiCall {
  const parameters = parseForm(body);
  const version = parameters.get('Version') ?? '';
  return {
    service: Object.hasOwn(VERSIONS, version) ? (VERSIONS[version] ?? 'unknown') : 'unknown',
    action: parameters.get('Action') ?? '',
    version,
    parameters,
  };
}

function parseForm(body: string): Query {
  try {
    return parseQuery(body);
  } catch (error) {
    if (!isFault(error, 'InvalidURI')) throw error;
    throw new Fault('ValidationFailed', 'The body is not a valid form.', { cause: error });
  }
}

/**
 * A call of STS with its arguments checked.
 * @throws Fault InvalidAction, MissingAction, ValidationFailed, AccessDenied (a second factor, which we cannot check)
 */
export function parseStsRequest(call: QueryApiCall): StsRequest {
  if (call.action === '') throw new Fault('MissingAction', 'The request names no Action.');
  const { parameters } = call;
  switch (call.service === 'sts' ? call.action : undefined) {
    case 'GetCallerIdentity':
      return { action: 'GetCallerIdentity' };
    case 'GetSessionToken':
      refuseSecondFactor(parameters);
      return {
        action: 'GetSessionToken',
        durationSeconds: duration(parameters, SESSION_SECONDS_MAX) ?? SESSION_SECONDS_DEFAULT,
      };
    case 'AssumeRole':
      refuseSecondFactor(parameters);
      return { action: 'AssumeRole', ...roleRequest(parameters) };
    case 'AssumeRoleWithWebIdentity':
      refuse(parameters, ['ProviderId']);
      return {
        action: 'AssumeRoleWithWebIdentity',
        webIdentityToken: text(parameters, 'WebIdentityToken', { min: 4, max: WEB_IDENTITY_TOKEN_MAX }),
        ...roleRequest(parameters),
      };
    default:
      throw unknownAction(call);
  }
}

/** What to say of an action that is not there, as AWS says it. */
export function unknownAction({ action, version }: Pick<QueryApiCall, 'action' | 'version'>): Fault {
  const shown = (value: string): string => value.slice(0, 64).replace(/[^\w.-]/g, '?');
  return new Fault('InvalidAction', `Could not find operation ${shown(action)} for version ${shown(version)}`);
}

function roleRequest(parameters: Query): RoleRequest {
  // Each would bound the session or say who it is: to overlook one would give more than was asked for.
  refuse(parameters, ['ExternalId', 'SourceIdentity']);
  refuseLists(parameters, ['PolicyArns', 'Tags', 'TransitiveTagKeys', 'ProvidedContexts']);
  const roleSessionName = text(parameters, 'RoleSessionName', { min: 2, max: 64 });
  if (!SESSION_NAME.test(roleSessionName))
    throw constraint('roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*');
  return {
    roleArn: text(parameters, 'RoleArn', { min: 20, max: ROLE_ARN_MAX }),
    roleSessionName,
    policy: sessionPolicy(parameters),
    durationSeconds: duration(parameters, ROLE_SESSION_SECONDS_MAX) ?? null,
  };
}

function sessionPolicy(parameters: Query): string | null {
  if (!parameters.has('Policy')) return null;
  const policy = text(parameters, 'Policy', { min: 1, max: SESSION_POLICY_CHARACTERS_MAX });
  if (!POLICY_TEXT.test(policy)) throw constraint('policy', 'hold characters of Latin-1 only');
  return policy;
}

function refuseSecondFactor(parameters: Query): void {
  if (!parameters.has('SerialNumber') && !parameters.has('TokenCode')) return;
  throw new Fault('AccessDenied', 'MultiFactorAuthentication failed, there are no MFA devices here.');
}

function refuse(parameters: Query, names: readonly string[]): void {
  for (const name of names) {
    if (parameters.has(name)) throw new Fault('ValidationFailed', `The parameter ${name} is not supported.`);
  }
}

/** Lists come as `Name.member.N` and further down. */
function refuseLists(parameters: Query, names: readonly string[]): void {
  for (const parameter of parameters.keys()) {
    const list = names.find((name) => parameter === name || parameter.startsWith(`${name}.`));
    if (list !== undefined) throw new Fault('ValidationFailed', `The parameter ${list} is not supported.`);
  }
}

function text(parameters: Query, name: string, length: { readonly min: number; readonly max: number }): string {
  const value = parameters.get(name);
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  if (value === undefined || value === '') throw constraint(member, 'not be null');
  if (value.length < length.min) throw constraint(member, `have length greater than or equal to ${length.min}`);
  if (value.length > length.max) throw constraint(member, `have length less than or equal to ${length.max}`);
  return value;
}

function duration(parameters: Query, max: number): number | undefined {
  const value = parameters.get('DurationSeconds');
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw constraint('durationSeconds', 'be a whole number');
  const seconds = Number(value);
  if (seconds < SESSION_SECONDS_MIN) {
    throw constraint('durationSeconds', `have value greater than or equal to ${SESSION_SECONDS_MIN}`);
  }
  if (seconds > max) throw constraint('durationSeconds', `have value less than or equal to ${max}`);
  return seconds;
}

/** The words of AWS, without the value: it may be a token. */
function constraint(member: string, must: string): Fault {
  return new Fault(
    'ValidationFailed',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must ${must}`,
  );
}
