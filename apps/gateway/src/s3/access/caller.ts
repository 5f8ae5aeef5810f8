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
