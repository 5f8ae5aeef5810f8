import type { Credential, MetadataSessions } from '@sealgate/core/ports';
import { compareKeys, fail, type MemoryState, nextNumber } from './state.ts';

/** How long an expired session is still known; the same as the PostgreSQL driver's. */
const EXPIRED_KEPT_MS = 24 * 60 * 60_000;
const SESSIONS_PER_TENANT_MAX = 10_000;

export function createSessions(state: MemoryState): MetadataSessions {
  return { ...createSessionRows(state), ...createRoles(state), ...createProviders(state) };
}

/** A credential as requests see it: a session has the rights of what it was made from, and goes with it. */
export function asSeen(state: MemoryState, credential: Credential): Credential | undefined {
  const from = state.origins.get(credential.accessKeyId);
  if (from === undefined) return credential;
  if (from.kind === 'role') {
    const role = state.roles.get(from.roleId);
    if (role === undefined) return undefined;
    return { ...credential, policy: role.policy, parent: `role/${role.name}/${from.sessionName}` };
  }
  const parent = state.credentials.get(from.accessKeyId);
  if (parent === undefined) return undefined;
  const seen = { ...credential, policy: parent.policy, parent: parent.accessKeyId };
  return parent.state === 'disabled' ? { ...seen, state: 'disabled' } : seen;
}

function createSessionRows(state: MemoryState): Pick<MetadataSessions, 'createSession' | 'removeExpiredSessions'> {
  return {
    async createSession({ tenantId, from, policy, ...session }) {
      const tenant = state.tenants.get(tenantId) ?? fail('NotFound');
      const parent = from.kind === 'credential' ? state.credentials.get(from.accessKeyId) : undefined;
      const origin = from.kind === 'role' ? state.roles.get(from.roleId)?.tenantId : parent?.tenant.id;
      if (origin !== tenantId || (parent !== undefined && (parent.kind !== 'static' || parent.state !== 'active'))) {
        fail('NotFound');
      }
      if (state.credentials.has(session.accessKeyId)) fail('Conflict');
      const alive = [...state.credentials.values()].filter(
        (other) =>
          other.kind === 'session' && other.tenant.id === tenantId && (other.expiresAtMs ?? 0) > state.clock.now(),
      );
      if (alive.length >= SESSIONS_PER_TENANT_MAX) fail('QuotaExceeded');
      const made: Credential = {
        ...session,
        tenant,
        kind: 'session',
        state: 'active',
        policy: null,
        sessionPolicy: policy,
        parent: null,
        createdAtMs: state.clock.now(),
      };
      state.credentials.set(made.accessKeyId, made);
      state.origins.set(made.accessKeyId, from);
      return asSeen(state, made) ?? fail('NotFound');
    },
    async removeExpiredSessions(limit) {
      const endMs = state.clock.now() - EXPIRED_KEPT_MS;
      const gone = [...state.credentials.values()]
        .filter(({ kind, expiresAtMs }) => kind === 'session' && (expiresAtMs ?? 0) < endMs)
        .slice(0, limit);
      for (const { accessKeyId } of gone) {
        state.credentials.delete(accessKeyId);
        state.origins.delete(accessKeyId);
      }
      return gone.length;
    },
  };
}

function createRoles(state: MemoryState): Pick<MetadataSessions, 'putRole' | 'role' | 'listRoles' | 'deleteRole'> {
  const find = (tenantName: string, name: string) =>
    [...state.roles.values()].find((role) => role.tenantName === tenantName && role.name === name);
  return {
    async putRole(role) {
      const tenant = state.tenants.get(role.tenantId) ?? fail('NotFound');
      const known = find(tenant.name, role.name);
      const id = known?.id ?? `00000000-0000-4000-9000-${nextNumber(state).toString(16).padStart(12, '0')}`;
      const made = { ...role, id, tenantName: tenant.name, createdAtMs: known?.createdAtMs ?? state.clock.now() };
      state.roles.set(id, made);
      return made;
    },
    async role(tenantName, name) {
      return find(tenantName, name);
    },
    async listRoles(tenantId) {
      return [...state.roles.values()]
        .filter((role) => role.tenantId === tenantId)
        .sort((a, b) => compareKeys(a.name, b.name));
    },
    async deleteRole(tenantId, name) {
      const found = [...state.roles.values()].find((role) => role.tenantId === tenantId && role.name === name);
      state.roles.delete((found ?? fail('NotFound')).id);
    },
  };
}

function createProviders(
  state: MemoryState,
): Pick<MetadataSessions, 'putOidcProvider' | 'oidcProviderByIssuer' | 'listOidcProviders' | 'deleteOidcProvider'> {
  const all = () => [...state.providers.values()];
  return {
    async putOidcProvider(provider) {
      if (all().some(({ name, issuer }) => name !== provider.name && issuer === provider.issuer)) fail('Conflict');
      const createdAtMs = state.providers.get(provider.name)?.createdAtMs ?? state.clock.now();
      const made = { ...provider, createdAtMs };
      state.providers.set(made.name, made);
      return made;
    },
    async oidcProviderByIssuer(issuer) {
      return all().find((provider) => provider.issuer === issuer);
    },
    async listOidcProviders() {
      return all().sort((a, b) => compareKeys(a.name, b.name));
    },
    async deleteOidcProvider(name) {
      if (!state.providers.delete(name)) fail('NotFound');
    },
  };
}
