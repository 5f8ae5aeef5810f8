import { malformedPolicy } from './strict-json.ts';
import { isRecord, stringsOf } from './values.ts';

/** Who makes a request, as policies and access control lists see it. */
export type Principal =
  | { readonly kind: 'anonymous' }
  /** A part of the gateway that acts for a bucket's owner, e.g. `logging.s3.amazonaws.com`. */
  | { readonly kind: 'service'; readonly service: string }
  | UserPrincipal;

export interface UserPrincipal {
  readonly kind: 'user';
  /** Canonical user id of the account (a tenant). */
  readonly ownerId: string;
  /** What else policies may call the account: the tenant's name and id. The first one stands in ARNs. */
  readonly accounts: readonly [string, ...string[]];
  /** What it is called within the account: `user/<name>`, `role/<role>`, `assumed-role/<role>/<session>`; the first is `aws:PrincipalArn`. */
  readonly names: readonly [string, ...string[]];
  /** `aws:userid` */
  readonly userId: string;
  /** `aws:username`; undefined for sessions of roles. */
  readonly userName: string | undefined;
}

/** A principal that a policy names. */
export type NamedPrincipal =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'canonical'; readonly ownerId: string }
  | { readonly kind: 'name'; readonly account: string; readonly name: string }
  | { readonly kind: 'service'; readonly service: string }
  /** Of an identity provider: such callers never come to the S3 listener, only what they were exchanged for. */
  | { readonly kind: 'federated' };

export interface PrincipalRule {
  readonly negated: boolean;
  readonly principals: readonly NamedPrincipal[];
}

/** How a rule names a caller: not at all, through its account only, or itself (by name, or as one of everyone). */
export type Naming = 'no' | 'account' | 'direct';

const CANONICAL = /^[0-9a-f]{64}$/;
/** Account ids of AWS, and our tenants' names and ids. */
const ACCOUNT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const NAME = /^(user|role|assumed-role|federated-user)\/[\w+=,.@/-]{1,512}$/;
const SERVICE = /^[a-z0-9.-]{1,128}$/;

const invalid = () => malformedPolicy('Invalid principal in policy');

/** `Principal` or `NotPrincipal` of a resource's policy. @throws Fault MalformedPolicy */
export function parsePrincipals(value: unknown, negated: boolean): PrincipalRule {
  if (value === '*') return { negated, principals: [{ kind: 'everyone' }] };
  if (!isRecord(value)) throw invalid();
  const principals = Object.entries(value).flatMap(([type, names]) => {
    const texts = stringsOf(names);
    if (texts === undefined) throw invalid();
    return texts.map((text) => parsePrincipal(type, text));
  });
  if (principals.length === 0) throw invalid();
  return { negated, principals };
}

function parsePrincipal(type: string, text: string): NamedPrincipal {
  if (type === 'AWS') return parseAwsPrincipal(text);
  if (type === 'CanonicalUser' && CANONICAL.test(text)) return { kind: 'canonical', ownerId: text };
  if (type === 'Service' && SERVICE.test(text)) return { kind: 'service', service: text };
  if (type === 'Federated' && text !== '' && !text.includes('*')) return { kind: 'federated' };
  throw invalid();
}

function parseAwsPrincipal(text: string): NamedPrincipal {
  if (text === '*') return { kind: 'everyone' };
  if (CANONICAL.test(text)) return { kind: 'canonical', ownerId: text };
  if (!text.startsWith('arn:')) {
    if (ACCOUNT.test(text)) return { kind: 'account', account: text };
    throw invalid();
  }
  const [, partition, service, region, account = '', ...rest] = text.split(':');
  const name = rest.join(':');
  const ours = partition === 'aws' && (service === 'iam' || service === 'sts') && region === '';
  if (!ours || !ACCOUNT.test(account)) throw invalid();
  if (name === 'root' && service === 'iam') return { kind: 'account', account };
  if (!NAME.test(name)) throw invalid();
  return { kind: 'name', account, name };
}

/** How `rule` names the caller. A `NotPrincipal` names everybody whom its list does not, whichever way. */
export function namingOf(rule: PrincipalRule, caller: Principal): Naming {
  let naming: Naming = 'no';
  for (const principal of rule.principals) {
    const one = namingOfOne(principal, caller);
    if (one === 'direct') naming = one;
    else if (one === 'account' && naming === 'no') naming = one;
  }
  if (!rule.negated) return naming;
  return naming === 'no' ? 'direct' : 'no';
}

function namingOfOne(principal: NamedPrincipal, caller: Principal): Naming {
  switch (principal.kind) {
    case 'everyone':
      return 'direct';
    case 'service':
      return caller.kind === 'service' && caller.service === principal.service ? 'direct' : 'no';
    case 'federated':
      return 'no';
    case 'canonical':
      return caller.kind === 'user' && caller.ownerId === principal.ownerId ? 'account' : 'no';
    case 'account':
      return caller.kind === 'user' && isAccount(caller, principal.account) ? 'account' : 'no';
    case 'name':
      return caller.kind === 'user' && isAccount(caller, principal.account) && caller.names.includes(principal.name)
        ? 'direct'
        : 'no';
  }
}

/** Whether `text` is a name of the caller's account. */
export function isAccount(caller: UserPrincipal, text: string): boolean {
  return text === caller.ownerId || caller.accounts.includes(text);
}

/** `arn:aws:iam::<account>:<name>`; sessions of roles are of `sts`. */
export function arnOf(caller: UserPrincipal, name: string = caller.names[0]): string {
  const service = name.startsWith('assumed-role/') ? 'sts' : 'iam';
  return `arn:aws:${service}::${caller.accounts[0]}:${name}`;
}
