import { ANONYMOUS_OWNER, type Principal, type UserPrincipal } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { Credential, Tenant } from '@sealgate/core/ports';

/** How a request proved who sends it. */
export interface SignatureFacts {
  readonly version: 'AWS4-HMAC-SHA256' | 'AWS';
  readonly via: 'header' | 'query' | 'post';
  /** Undefined when the form does not say (presigned URLs of version 2). */
  readonly signedAtMs: number | undefined;
}

/** Who sends a request. Nobody is somebody too: what an anonymous caller may do is for ACLs and bucket policies to say. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'credential'; readonly credential: Credential; readonly signature: SignatureFacts };

/** The namespace in which callers without a tenant find buckets. */
export const ANONYMOUS_NAMESPACE = 'default';

export const namespaceOf = (caller: Caller): string =>
  caller.kind === 'anonymous' ? ANONYMOUS_NAMESPACE : caller.credential.tenant.namespace;

/** The tenant of a caller that must have one. @throws Fault AccessDenied for an anonymous one */
export function tenantOf(caller: Caller): Tenant {
  if (caller.kind === 'anonymous') throw new Fault('AccessDenied', 'Access Denied');
  return caller.credential.tenant;
}

/** What audit entries and logs call the caller. */
export const callerId = (caller: Caller): string =>
  caller.kind === 'anonymous' ? 'anonymous' : caller.credential.accessKeyId;

/** The caller as policies and access control lists see it. */
export const principalOf = (caller: Caller): Principal =>
  caller.kind === 'anonymous' ? caller : userOf(caller.credential);

/** Who acts with a credential. */
export function userOf({ accessKeyId, parent, tenant }: Credential): UserPrincipal {
  const account = { kind: 'user', ownerId: tenant.ownerId, accounts: [tenant.name, tenant.id] } as const;
  const role = parent === null ? null : ROLE_SESSION.exec(parent);
  if (role === null) {
    // A session that was made from a credential is that credential, as long as it lasts.
    const name = parent ?? accessKeyId;
    return { ...account, names: [`user/${name}`], userId: name, userName: name };
  }
  const [, roleName = '', sessionName = ''] = role;
  return {
    ...account,
    names: [`role/${roleName}`, `assumed-role/${roleName}/${sessionName}`],
    userId: `${roleName}:${sessionName}`,
    userName: undefined,
  };
}

/** What sessions of roles have as their parent. */
const ROLE_SESSION = /^role\/([^/]+)\/(.+)$/;

/** The canonical user id that what the caller writes belongs to, where objects belong to their writer. */
export const writerId = (caller: Caller): string =>
  caller.kind === 'anonymous' ? ANONYMOUS_OWNER : caller.credential.tenant.ownerId;
