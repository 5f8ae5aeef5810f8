import type { ControlGrant, ControlRole } from '../ports/index.ts';
import { claimValues, trusts, type WebIdentity } from './trust.ts';

/** Who a caller of the control listener is. `tenant`: it proved itself with an access key of a tenant. */
export type CallerRole = ControlRole | 'tenant';

/** A role that a caller has, and for which tenants (their names). `all` reaches what belongs to no tenant, too. */
export interface HeldGrant {
  readonly role: CallerRole;
  readonly tenants: 'all' | readonly string[];
}

/** What a verified token gives on the control listener. Without a grant that fits it gives nothing. */
export function heldGrants(grants: readonly ControlGrant[], identity: WebIdentity): readonly HeldGrant[] {
  return grants
    .filter(({ audiences, claims }) => trusts({ issuer: identity.issuer, audiences, claims }, identity))
    .map(({ role, tenants }) => ({ role, tenants: tenantsOf(tenants, identity) }));
}

function tenantsOf(tenants: ControlGrant['tenants'], identity: WebIdentity): HeldGrant['tenants'] {
  if (tenants === 'all') return 'all';
  // Whatever a claim says is a name: the word that means all of them in a grant is only a tenant of that name here.
  return 'claim' in tenants ? claimValues(identity.claims, tenants.claim) : tenants;
}

/** For which tenants the caller has one of these roles. */
export function reachOf(roles: readonly CallerRole[], grants: readonly HeldGrant[]): 'all' | ReadonlySet<string> {
  const names = new Set<string>();
  for (const { role, tenants } of grants) {
    if (!roles.includes(role)) continue;
    if (tenants === 'all') return 'all';
    for (const name of tenants) names.add(name);
  }
  return names;
}

/** Whether any grant of the caller is about the tenant, whatever its role: then the caller may know that it is there. */
export function knowsTenant(grants: readonly HeldGrant[], tenantName: string): boolean {
  return grants.some(({ tenants }) => tenants === 'all' || tenants.includes(tenantName));
}
