import type { AccessKeyId, TenantId } from '../names/index.ts';
import type { AuditActor, Credential } from './model.ts';

/** `operator` changes, `viewer` looks at what is there, `auditor` reads the audit log and evidence. */
export type ControlRole = 'operator' | 'auditor' | 'viewer';

/** What tokens of a provider give on the control listener, when their claims fit. */
export interface ControlGrant {
  readonly role: ControlRole;
  /** Names of tenants, or the claim whose values are such names. `all` reaches what belongs to no tenant, too. */
  readonly tenants: 'all' | readonly string[] | { readonly claim: string };
  /** Narrower than the provider's; empty: any of the provider's. */
  readonly audiences: readonly string[];
  /** As in {@link WebIdentityTrust}: every claim named must fit. Never empty. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** An OpenID Connect issuer whose tokens may be exchanged for temporary credentials. The operator registers it. */
export interface OidcProvider {
  /** Unique; part of paths and messages. */
  readonly name: string;
  /** Unique; exactly what tokens say as `iss`. Discovery begins below it. */
  readonly issuer: string;
  /** Client ids: a token's `aud` must name one of them. Never empty. */
  readonly audiences: readonly string[];
  /** Empty: its tokens open nothing on the control listener. */
  readonly grants: readonly ControlGrant[];
  readonly createdAtMs: number;
}

export type NewOidcProvider = Omit<OidcProvider, 'createdAtMs'>;

/** Which tokens of one issuer may take a role. */
export interface WebIdentityTrust {
  readonly issuer: string;
  /** Narrower than the provider's; empty: any of the provider's. */
  readonly audiences: readonly string[];
  /** By claim: values with `*` and `?`, one of which must fit. Every claim named must fit. Never empty. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** Who may take a role. One entry that fits is enough. */
export interface RoleTrust {
  readonly webIdentities: readonly WebIdentityTrust[];
  /** Static credentials of the role's own tenant that may take it by AssumeRole. */
  readonly accessKeyIds: readonly AccessKeyId[];
}

/** A named set of rights of a tenant that others can take for a while. */
export interface Role {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly tenantName: string;
  /** Unique within its tenant. */
  readonly name: string;
  readonly trust: RoleTrust;
  /** Policy document (JSON). A role always has one: without, it could do everything its tenant can. */
  readonly policy: string;
  /** Longest session, in seconds. */
  readonly sessionSecondsMax: number;
  readonly description: string | null;
  readonly createdAtMs: number;
}

export type NewRole = Omit<Role, 'id' | 'tenantName' | 'createdAtMs'>;

export interface NewSession {
  readonly tenantId: TenantId;
  readonly accessKeyId: AccessKeyId;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  /** Whose rights the session has, now and whenever they change; with it the session ends. */
  readonly from:
    | { readonly kind: 'credential'; readonly accessKeyId: AccessKeyId }
    | { readonly kind: 'role'; readonly roleId: string; readonly sessionName: string };
  /** Further bounds the rights of `from`. */
  readonly policy: string | null;
  /** For people: for example the subject of the token it was made from. */
  readonly description: string | null;
}

/** Temporary credentials and what they are made from. Every change takes the actor of its audit entry. */
export interface MetadataSessions {
  /**
   * The secret and the token are sealed before they reach the database.
   * @throws Fault Conflict (the access key id), NotFound (`from` is gone), QuotaExceeded (live sessions of the tenant)
   */
  createSession(session: NewSession, actor: AuditActor): Promise<Credential>;
  /** Removes up to `limit` sessions that ended some time ago. How many. */
  removeExpiredSessions(limit: number): Promise<number>;

  /** Makes or replaces the tenant's role of that name; its sessions go on under the new rights. @throws Fault NotFound */
  putRole(role: NewRole, actor: AuditActor): Promise<Role>;
  /** With the state of its tenant, which decides whether anybody may take it. */
  role(tenantName: string, name: string): Promise<Role | undefined>;
  listRoles(tenantId: TenantId): Promise<readonly Role[]>;
  /** Its sessions end. @throws Fault NotFound */
  deleteRole(tenantId: TenantId, name: string, actor: AuditActor): Promise<void>;

  /** Makes or replaces the provider of that name. @throws Fault Conflict when another one has its issuer */
  putOidcProvider(provider: NewOidcProvider, actor: AuditActor): Promise<OidcProvider>;
  oidcProviderByIssuer(issuer: string): Promise<OidcProvider | undefined>;
  listOidcProviders(): Promise<readonly OidcProvider[]>;
  /** Sessions that were made with it live on until they expire. @throws Fault NotFound */
  deleteOidcProvider(name: string, actor: AuditActor): Promise<void>;
}
