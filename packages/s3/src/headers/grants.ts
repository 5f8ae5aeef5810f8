import { type CannedAcl, isCannedAcl } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { ACL_GRANTS_MAX } from '@sealgate/core/limits';
import type { AclPermission } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '../request.ts';

/** Whom a request names in a grant, before anybody looked whether that one exists. */
export type RequestedGrantee =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'email'; readonly email: string };

export interface RequestedGrant {
  readonly grantee: RequestedGrantee;
  readonly permission: AclPermission;
}

/** The access control list that the headers of a request ask for. */
export type RequestedAcl =
  | { readonly kind: 'canned'; readonly canned: CannedAcl }
  | { readonly kind: 'grants'; readonly grants: readonly RequestedGrant[] };

const GRANT_HEADERS: readonly (readonly [string, AclPermission])[] = [
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
];

/**
 * `x-amz-acl` or the `x-amz-grant-*` headers; undefined when the request has none of them.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#setting-acls
 * @throws Fault InvalidArgument, InvalidRequest (both forms)
 */
export function parseAclHeaders(headers: RequestHeaders): RequestedAcl | undefined {
  const canned = headerValue(headers, 'x-amz-acl');
  const grants = GRANT_HEADERS.flatMap(([name, permission]) => {
    const value = headerValue(headers, name);
    return value === undefined ? [] : parseGrantees(name, value).map((grantee) => ({ grantee, permission }));
  });
  if (canned === undefined) {
    if (grants.length > ACL_GRANTS_MAX)
      throw new Fault('InvalidArgument', 'An access control list has too many grants.');
    return grants.length === 0 ? undefined : { kind: 'grants', grants };
  }
  if (grants.length > 0) {
    throw new Fault('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed');
  }
  if (isCannedAcl(canned)) return { kind: 'canned', canned };
  throw invalid('x-amz-acl', canned, 'The x-amz-acl header has a value that is no canned ACL.');
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, {
    detail: { ArgumentName: name, ArgumentValue: value.slice(0, 128) },
  });
}

/** One `type=value` or `type="value"`. */
const GRANTEE = /\s*(id|uri|emailaddress)\s*=\s*(?:"([^"]*)"|([^",\s]+))\s*(?:,|$)/iy;

function parseGrantees(name: string, value: string): readonly RequestedGrantee[] {
  const grantees: RequestedGrantee[] = [];
  GRANTEE.lastIndex = 0;
  let end = 0;
  while (end < value.length) {
    GRANTEE.lastIndex = end;
    const match = GRANTEE.exec(value);
    if (match === null) throw invalid(name, value, 'Argument format not recognized');
    end = GRANTEE.lastIndex;
    grantees.push(granteeOf(match[1] ?? '', match[2] ?? match[3] ?? ''));
  }
  if (grantees.length === 0) throw invalid(name, value, 'Argument format not recognized');
  return grantees;
}

function granteeOf(type: string, value: string): RequestedGrantee {
  const kind = type.toLowerCase();
  if (kind === 'id') return { kind, id: value };
  return kind === 'uri' ? { kind, uri: value } : { kind: 'email', email: value };
}
