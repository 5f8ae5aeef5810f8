import { Fault } from '@sealgate/core/faults';
import { type CallerRole, type HeldGrant, knowsTenant, reachOf } from '@sealgate/core/federation';
import { type AccessKeyId, parseAccessKeyId } from '@sealgate/core/names';
import type { AuditActor, Metadata, Tenant } from '@sealgate/core/ports';
import type { AgentCaller } from '../agents/sessions.ts';

/** Where a call names the tenant that it is about. */
export type TenantPlace =
  | { readonly in: 'path' | 'query' | 'body'; readonly name: string }
  /** The tenant whose access key a parameter of the path names. */
  | { readonly in: 'credential'; readonly name: string };

export interface AccessRule {
  /** One of them is enough. */
  readonly roles: readonly CallerRole[];
  /**
   * The tenant that the call is about: callers whose role is for some tenants may call it for those. Absent: it is about
   * the gateway as a whole, for roles that are for all tenants. `any`: it is about nobody but the caller.
   */
  readonly tenant?: TenantPlace | 'any';
}

/** Who may call a route. `agent`: a session of an agent. `admin`: operators of the whole gateway; what is forgotten to be opened stays there. */
export type Access = 'public' | 'agent' | 'admin' | AccessRule;
/** For people and tenants: what roles decide. */
export type RoleAccess = Exclude<Access, 'public' | 'agent'>;

const byTenant = { in: 'path', name: 'tenant' } as const;

/** Looks at what belongs to no tenant, or to all. */
export const lookAtGateway: AccessRule = { roles: ['operator', 'viewer'] };
/** Looks at or changes what is a tenant's, below `/admin/tenants/:tenant`. Tenants themselves use S3 and `/proxy`. */
export const lookAtTenant: AccessRule = { roles: ['operator', 'viewer'], tenant: byTenant };
export const changeTenant: AccessRule = { roles: ['operator'], tenant: byTenant };
/** Reads what happened and its proofs. */
export const lookAtAudit: AccessRule = { roles: ['operator', 'auditor'] };
/** Calls of tenants, or of operators on their behalf. */
export const tenantLooks = (tenant: TenantPlace): AccessRule => ({ roles: ['operator', 'viewer', 'tenant'], tenant });
export const tenantChanges = (tenant: TenantPlace): AccessRule => ({ roles: ['operator', 'tenant'], tenant });

export function ruleOf(access: RoleAccess): AccessRule {
  return access === 'admin' ? { roles: ['operator'] } : access;
}

/** Who calls the control listener, proved. */
export interface ControlCaller {
  readonly kind: 'admin-key' | 'token' | 'access-key' | 'agent';
  /** For audit entries: `admin-key`, the provider and subject of a token, an access key id. */
  readonly id: string;
  readonly grants: readonly HeldGrant[];
  /** Of kind `agent`. */
  readonly agent?: AgentCaller;
}

export function actorOf(caller: ControlCaller): Pick<AuditActor, 'kind' | 'id'> {
  if (caller.kind === 'agent') return { kind: 'agent', id: caller.id };
  return { kind: caller.kind === 'access-key' ? 'tenant' : 'admin', id: caller.id };
}

/**
 * What can be said before the input is read: whether the caller may make this call for anybody.
 * @throws Fault AccessDenied
 */
export function requireRole(access: RoleAccess, caller: ControlCaller): void {
  const { roles, tenant } = ruleOf(access);
  const reach = reachOf(roles, caller.grants);
  if (reach === 'all') return;
  const some = tenant === 'any' ? caller.grants.some(({ role }) => roles.includes(role)) : reach.size > 0;
  if (tenant !== undefined && some) return;
  throw new Fault(
    'AccessDenied',
    `This call is for ${roles.join(' or ')}${tenant === undefined ? ' of the gateway' : ''}.`,
  );
}

export interface RawInput {
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/**
 * Holds a caller to the tenants that its role is for, by the input as it came. What is not the caller's is answered as
 * what is not there. Gives the input, with the tenant filled in for a caller that has only one and named none.
 * @throws Fault AccessDenied, NotFound, ValidationFailed
 */
export async function withinReach(
  request: { readonly access: RoleAccess; readonly caller: ControlCaller; readonly input: RawInput },
  metadata: Pick<Metadata, 'tenant' | 'credential'>,
): Promise<RawInput> {
  const { caller, access } = request;
  const { roles, tenant: place } = ruleOf(access);
  const reach = reachOf(roles, caller.grants);
  if (reach === 'all' || place === undefined || place === 'any') return request.input;
  const input = withOnlyTenant(request.input, place, reach);
  const named = valueAt(input, place);
  // Whoever names nobody means everybody, which is more than the caller reaches.
  if (typeof named !== 'string') throw new Fault('ValidationFailed', `Name one tenant ("${place.name}").`);
  const tenant = await tenantAt(place, named, metadata);
  if (tenant !== undefined && reach.has(tenant.name)) return input;
  if (tenant !== undefined && knowsTenant(caller.grants, tenant.name)) {
    throw new Fault('AccessDenied', `This call is for ${roles.join(' or ')}.`);
  }
  throw notThere(place, named);
}

function withOnlyTenant(input: RawInput, place: TenantPlace, reach: ReadonlySet<string>): RawInput {
  const [only] = reach;
  if (reach.size !== 1 || valueAt(input, place) !== undefined) return input;
  if (place.in === 'query') return { ...input, query: { ...input.query, [place.name]: only } };
  if (place.in === 'body') return { ...input, body: { ...asRecord(input.body), [place.name]: only } };
  return input;
}

function valueAt(input: RawInput, place: TenantPlace): unknown {
  const from = place.in === 'query' ? input.query : place.in === 'body' ? asRecord(input.body) : input.path;
  return Object.hasOwn(from, place.name) ? from[place.name] : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

async function tenantAt(
  place: TenantPlace,
  named: string,
  metadata: Pick<Metadata, 'tenant' | 'credential'>,
): Promise<Tenant | undefined> {
  if (place.in !== 'credential') return await metadata.tenant(named);
  const accessKeyId = accessKeyIn(named);
  return accessKeyId === undefined ? undefined : (await metadata.credential(accessKeyId))?.tenant;
}

function accessKeyIn(text: string): AccessKeyId | undefined {
  try {
    return parseAccessKeyId(text);
  } catch {
    return undefined;
  }
}

/** The words of `requireTenant` and `requireCredential`, so that both answers are one. */
function notThere(place: TenantPlace, named: string): Fault {
  if (place.in === 'credential') return new Fault('NotFound', 'There is no such access key.');
  return new Fault('NotFound', `There is no tenant "${named}".`);
}
