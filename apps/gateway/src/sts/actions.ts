import { arnOf, parsePolicyDocument } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { assumedRoleArn, parseRoleArn, trusts } from '@sealgate/core/federation';
import type { AuditActor, Credential, Metadata, Role, Tenant } from '@sealgate/core/ports';
import {
  type AssumedRole,
  type AssumeRole,
  type AssumeRoleWithWebIdentity,
  assumeRoleResponse,
  assumeRoleWithWebIdentityResponse,
  getCallerIdentityResponse,
  getSessionTokenResponse,
  ROLE_SESSION_SECONDS_DEFAULT,
  SESSION_POLICY_CHARACTERS_MAX,
  type SessionCredentials,
  type StsRequest,
} from '@sealgate/s3';
import { userOf } from '../s3/access/caller.ts';
import type { IssueSession } from './sessions.ts';
import type { VerifyWebIdentity } from './web-identity.ts';

/** Answers one call of STS with its document. */
export type PerformSts = (
  request: StsRequest,
  call: {
    /** Who signed the call; undefined when nobody did. */
    readonly caller: Credential | undefined;
    readonly requestId: string;
    readonly remoteAddress: string | undefined;
  },
) => Promise<string>;

type Call = Parameters<PerformSts>[1];

/** @throws (the function) Fault AccessDenied, NotAuthenticated, MalformedPolicy, ValidationFailed, QuotaExceeded, and as verify does */
export function createSts(deps: {
  readonly metadata: Pick<Metadata, 'role' | 'tenant'>;
  readonly verify: VerifyWebIdentity;
  readonly issue: IssueSession;
}): PerformSts {
  const { issue } = deps;

  async function getSessionToken(durationSeconds: number, call: Call): Promise<string> {
    const caller = signedBy(call);
    if (caller.kind !== 'static')
      throw new Fault('AccessDenied', 'Cannot call GetSessionToken with session credentials');
    const wish = {
      tenant: caller.tenant,
      from: { kind: 'credential', accessKeyId: caller.accessKeyId },
      seconds: durationSeconds,
      notAfterMs: caller.expiresAtMs,
      policy: null,
      description: null,
    } as const;
    return getSessionTokenResponse(shown(await issue(wish, actorOf(caller.accessKeyId, call))), call.requestId);
  }

  async function assumeRole(request: AssumeRole, call: Call): Promise<string> {
    const caller = signedBy(call);
    const denied = () => new Fault('AccessDenied', 'Not authorized to perform sts:AssumeRole');
    const { role, tenant } = (await roleOf(deps.metadata, request.roleArn)) ?? raise(denied());
    // A session would reach beyond its own end and beyond its own policy.
    const trusted = caller.kind === 'static' && role.trust.accessKeyIds.includes(caller.accessKeyId);
    if (!trusted || caller.tenant.id !== tenant.id) throw denied();
    const wish = { ...wishOf(request, role), tenant, notAfterMs: caller.expiresAtMs, description: caller.accessKeyId };
    const session = await issue(wish, actorOf(caller.accessKeyId, call));
    return assumeRoleResponse(assumed(session, { role, request }), call.requestId);
  }

  async function assumeRoleWithWebIdentity(request: AssumeRoleWithWebIdentity, call: Call): Promise<string> {
    // The token first: who has none learns nothing about which roles there are.
    const identity = await deps.verify(request.webIdentityToken);
    const found = await roleOf(deps.metadata, request.roleArn);
    const trusted = found?.role.trust.webIdentities.some((trust) => trusts(trust, identity)) ?? false;
    if (found === undefined || !trusted) {
      throw new Fault('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
    }
    const { role, tenant } = found;
    const wish = { ...wishOf(request, role), tenant, description: `${identity.issuer} ${identity.subject}` };
    const session = await issue(wish, actorOf(`role/${role.name}`, call));
    const who = {
      subject: identity.subject,
      audience: identity.audiences[0] ?? '',
      provider: identity.issuer,
    };
    return assumeRoleWithWebIdentityResponse({ ...assumed(session, { role, request }), ...who }, call.requestId);
  }

  return async (request, call) => {
    switch (request.action) {
      case 'GetCallerIdentity':
        return getCallerIdentityResponse(identityOf(signedBy(call)), call.requestId);
      case 'GetSessionToken':
        return await getSessionToken(request.durationSeconds, call);
      case 'AssumeRole':
        return await assumeRole(request, call);
      case 'AssumeRoleWithWebIdentity':
        return await assumeRoleWithWebIdentity(request, call);
    }
  };
}

function raise(fault: Fault): never {
  throw fault;
}

function signedBy({ caller }: Call): Credential {
  return caller ?? raise(new Fault('NotAuthenticated', 'Request is missing Authentication Token'));
}

function actorOf(id: string, { requestId, remoteAddress }: Call): AuditActor {
  return { kind: 'tenant', id, requestId, ...(remoteAddress === undefined ? {} : { remoteAddress }) };
}

/** A role of a tenant that is active, or nothing: to strangers all reasons look the same. */
async function roleOf(
  metadata: Pick<Metadata, 'role' | 'tenant'>,
  arn: string,
): Promise<{ readonly role: Role; readonly tenant: Tenant } | undefined> {
  const { account, roleName } = parseRoleArn(arn);
  const tenant = await metadata.tenant(account);
  if (tenant?.state !== 'active') return undefined;
  const role = await metadata.role(tenant.name, roleName);
  return role === undefined ? undefined : { role, tenant };
}

function wishOf(request: AssumeRole | AssumeRoleWithWebIdentity, role: Role) {
  const { durationSeconds, policy, roleSessionName } = request;
  if (durationSeconds !== null && durationSeconds > role.sessionSecondsMax) {
    throw new Fault(
      'ValidationFailed',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  if (policy !== null) parsePolicyDocument(policy, { kind: 'identity' });
  return {
    from: { kind: 'role', roleId: role.id, sessionName: roleSessionName } as const,
    seconds: durationSeconds ?? Math.min(ROLE_SESSION_SECONDS_DEFAULT, role.sessionSecondsMax),
    policy,
  };
}

function shown(session: Credential): SessionCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = session;
  if (sessionToken === null || expiresAtMs === null) {
    throw new Fault('InternalError', 'A session without a token or an end was made.');
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs };
}

function assumed(
  session: Credential,
  { role, request }: { readonly role: Role; readonly request: AssumeRole | AssumeRoleWithWebIdentity },
): AssumedRole {
  const { policy, roleSessionName } = request;
  return {
    credentials: shown(session),
    arn: assumedRoleArn(role.tenantName, `${role.name}/${roleSessionName}`),
    assumedRoleId: `${role.name}:${roleSessionName}`,
    ...(policy === null ? {} : { packedPolicySize: Math.ceil((policy.length / SESSION_POLICY_CHARACTERS_MAX) * 100) }),
  };
}

/** The same names that policies know the caller by. */
function identityOf(credential: Credential) {
  const principal = userOf(credential);
  const session = principal.names.find((name) => name.startsWith('assumed-role/'));
  return { arn: arnOf(principal, session), userId: principal.userId, account: credential.tenant.name };
}
