import { randomUUID } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { AccessKeyId, TenantId } from '@sealgate/core/names';
import type { ControlGrant, Credential, MetadataSessions, OidcProvider, Role, RoleTrust } from '@sealgate/core/ports';
import { type Context, orConflict } from '../context.ts';
import { EXPIRED_SESSION_KEPT_MS, SESSIONS_PER_TENANT_MAX } from '../limits.ts';

interface RoleRow {
  readonly id: string;
  readonly tenant_id: TenantId;
  readonly tenant_name: string;
  readonly name: string;
  readonly trust: RoleTrust;
  readonly policy: string;
  readonly session_seconds_max: number;
  readonly description: string | null;
  readonly created_at: number;
}

interface ProviderRow {
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly grants: readonly ControlGrant[];
  readonly created_at: number;
}

/** @param find the credential as requests will see it */
export function createSessions(
  context: Context,
  find: (accessKeyId: AccessKeyId) => Promise<Credential | undefined>,
): MetadataSessions {
  return { ...createSessionRows(context, find), ...createRoles(context), ...createProviders(context) };
}

function createSessionRows(
  context: Context,
  find: (accessKeyId: AccessKeyId) => Promise<Credential | undefined>,
): Pick<MetadataSessions, 'createSession' | 'removeExpiredSessions'> {
  const { database, secrets } = context;
  return {
    async createSession(session, actor) {
      const { accessKeyId, from } = session;
      const columns = await context.actor(actor);
      const values = [
        ...columns,
        accessKeyId,
        session.tenantId,
        secrets.seal({ purpose: 'credential', id: accessKeyId }, session.secretAccessKey),
        secrets.seal({ purpose: 'session-token', id: accessKeyId }, session.sessionToken),
        new Date(session.expiresAtMs).toISOString(),
        session.policy,
        session.description,
        from.kind === 'credential' ? from.accessKeyId : null,
        from.kind === 'role' ? from.roleId : null,
        from.kind === 'role' ? from.sessionName : null,
        SESSIONS_PER_TENANT_MAX,
      ];
      const [row] = await orConflict('There is a credential with this access key id already.', () =>
        database.write<{ created_at: number | null }>('create-session', values),
      );
      if (row === undefined) throw gone();
      if (row.created_at === null) {
        throw new Fault('QuotaExceeded', 'Too many temporary credentials are alive. Let some expire first.');
      }
      return (await find(accessKeyId)) ?? raiseGone();
    },

    async removeExpiredSessions(limit) {
      return (await database.write('remove-expired-sessions', [limit, EXPIRED_SESSION_KEPT_MS])).length;
    },
  };
}

function gone(): Fault {
  return new Fault('NotFound', 'What the session was to be made from is gone.');
}

function raiseGone(): never {
  throw gone();
}

function createRoles(context: Context): Pick<MetadataSessions, 'putRole' | 'role' | 'listRoles' | 'deleteRole'> {
  const { database } = context;
  return {
    async putRole(role, actor) {
      const [row] = await database.write<RoleRow>('put-role', [
        ...(await context.actor(actor)),
        randomUUID(),
        role.tenantId,
        role.name,
        JSON.stringify(role.trust),
        role.policy,
        role.sessionSecondsMax,
        role.description,
      ]);
      if (row === undefined) throw new Fault('NotFound', 'There is no such tenant.');
      return roleOf(row);
    },

    async role(tenantName, name) {
      const [row] = await database.read<RoleRow>('role', [tenantName, name]);
      return row === undefined ? undefined : roleOf(row);
    },

    async listRoles(tenantId) {
      return (await database.read<RoleRow>('list-roles', [tenantId])).map(roleOf);
    },

    async deleteRole(tenantId, name, actor) {
      const rows = await database.write('delete-role', [...(await context.actor(actor)), tenantId, name]);
      if (rows.length === 0) throw new Fault('NotFound', 'There is no such role.');
    },
  };
}

function createProviders(
  context: Context,
): Pick<MetadataSessions, 'putOidcProvider' | 'oidcProviderByIssuer' | 'listOidcProviders' | 'deleteOidcProvider'> {
  const { database } = context;
  return {
    async putOidcProvider({ name, issuer, audiences, grants }, actor) {
      const columns = await context.actor(actor);
      const [row] = await orConflict('Another identity provider has this issuer already.', () =>
        database.write<ProviderRow>('put-oidc-provider', [...columns, name, issuer, audiences, JSON.stringify(grants)]),
      );
      if (row === undefined) throw new Fault('InternalError', 'The identity provider was not stored.');
      return providerOf(row);
    },

    async oidcProviderByIssuer(issuer) {
      const [row] = await database.read<ProviderRow>('oidc-provider-by-issuer', [issuer]);
      return row === undefined ? undefined : providerOf(row);
    },

    async listOidcProviders() {
      return (await database.read<ProviderRow>('list-oidc-providers', [])).map(providerOf);
    },

    async deleteOidcProvider(name, actor) {
      const rows = await database.write('delete-oidc-provider', [...(await context.actor(actor)), name]);
      if (rows.length === 0) throw new Fault('NotFound', 'There is no such identity provider.');
    },
  };
}

function roleOf(row: RoleRow): Role {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    name: row.name,
    trust: row.trust,
    policy: row.policy,
    sessionSecondsMax: row.session_seconds_max,
    description: row.description,
    createdAtMs: row.created_at,
  };
}

function providerOf(row: ProviderRow): OidcProvider {
  const { name, issuer, audiences, grants, created_at: createdAtMs } = row;
  return { name, issuer, audiences, grants, createdAtMs };
}
