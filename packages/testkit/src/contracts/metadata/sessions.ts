import { type AccessKeyId, parseAccessKeyId, type TenantId } from '@sealgate/core/names';
import type { NewRole, NewSession, RoleTrust, Tenant } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

export function describeSessions(world: World): void {
  const metadata = () => world.metadata();
  const now = () => world.now();

  async function key(tenant: Tenant, policy: string | null = null): Promise<AccessKeyId> {
    const accessKeyId = parseAccessKeyId(world.unused('SGAK'));
    const secrets = { accessKeyId, secretAccessKey: 'a secret' };
    await metadata().createCredential(
      { tenantId: tenant.id, ...secrets, expiresAtMs: null, description: null, policy },
      actor,
    );
    return accessKeyId;
  }

  function session(tenantId: TenantId, from: NewSession['from'], changes: Partial<NewSession> = {}): NewSession {
    return {
      tenantId,
      from,
      accessKeyId: parseAccessKeyId(world.unused('SGTK')),
      secretAccessKey: 'sécret/+=',
      sessionToken: 'tökén',
      expiresAtMs: now() + HOUR_MS,
      policy: null,
      description: null,
      ...changes,
    };
  }

  const role = (tenant: Tenant, changes: Partial<NewRole> = {}): NewRole => ({
    tenantId: tenant.id,
    name: world.unused('role-'),
    trust: { webIdentities: [], accessKeyIds: [] },
    policy: '{"of": "the role"}',
    sessionSecondsMax: 3600,
    description: null,
    ...changes,
  });

  describe('sessions', () => {
    it('have the rights of the key they were made from, as they are now', async () => {
      const tenant = await world.tenant();
      const parent = await key(tenant, '{"of": "the key"}');
      const wanted = session(tenant.id, { kind: 'credential', accessKeyId: parent }, { description: 'why' });
      const made = await metadata().createSession(wanted, actor);
      expect(made).toMatchObject({
        accessKeyId: wanted.accessKeyId,
        secretAccessKey: 'sécret/+=',
        sessionToken: 'tökén',
        expiresAtMs: wanted.expiresAtMs,
        kind: 'session',
        state: 'active',
        policy: '{"of": "the key"}',
        sessionPolicy: null,
        parent,
        tenant,
        description: 'why',
      });
      expect(await metadata().credential(wanted.accessKeyId)).toEqual(made);
      await metadata().setCredentialPolicy(parent, null, actor);
      expect(await metadata().credential(wanted.accessKeyId)).toEqual({ ...made, policy: null });
      await metadata().setCredentialState(parent, 'disabled', actor);
      expect(await metadata().credential(wanted.accessKeyId)).toMatchObject({ state: 'disabled' });
      await metadata().deleteCredential(parent, actor);
      expect(await metadata().credential(wanted.accessKeyId)).toBeUndefined();
    });

    it('have the rights of the role they took, and a bound of their own', async () => {
      const tenant = await world.tenant();
      const made = await metadata().putRole(role(tenant), actor);
      const from = { kind: 'role', roleId: made.id, sessionName: 'nightly' } as const;
      const taken = await metadata().createSession(session(tenant.id, from, { policy: '{"own": 1}' }), actor);
      expect(taken).toMatchObject({
        policy: '{"of": "the role"}',
        sessionPolicy: '{"own": 1}',
        parent: `role/${made.name}/nightly`,
      });
      await metadata().putRole({ ...made, policy: '{"another": 1}' }, actor);
      expect(await metadata().credential(taken.accessKeyId)).toMatchObject({ policy: '{"another": 1}' });
      await metadata().deleteRole(tenant.id, made.name, actor);
      expect(await metadata().credential(taken.accessKeyId)).toBeUndefined();
    });

    it('can be ended by themselves, and are in no list of keys', async () => {
      const tenant = await world.tenant();
      const parent = await key(tenant);
      const from = { kind: 'credential', accessKeyId: parent } as const;
      const { accessKeyId } = await metadata().createSession(session(tenant.id, from), actor);
      expect((await metadata().listCredentials(tenant.id)).map((listed) => listed.accessKeyId)).toEqual([parent]);
      expect(await faultOf(metadata().setCredentialPolicy(accessKeyId, null, actor))).toBe('NotFound');
      await metadata().setCredentialState(accessKeyId, 'disabled', actor);
      expect(await metadata().credential(accessKeyId)).toMatchObject({ state: 'disabled' });
      await metadata().deleteCredential(accessKeyId, actor);
      expect(await metadata().credential(accessKeyId)).toBeUndefined();
    });

    it('are made from what is there, is active and is of the same tenant', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      const parent = await key(tenant);
      const from = { kind: 'credential', accessKeyId: parent } as const;
      const first = session(tenant.id, from);
      await metadata().createSession(first, actor);
      const refused = async (tenantId: TenantId, origin: NewSession['from']) =>
        faultOf(metadata().createSession(session(tenantId, origin), actor));
      expect(await faultOf(metadata().createSession(first, actor))).toBe('Conflict');
      expect(await refused(other.id, from)).toBe('NotFound');
      expect(await refused(tenant.id, { kind: 'credential', accessKeyId: first.accessKeyId })).toBe('NotFound');
      const strange = await metadata().putRole(role(other), actor);
      expect(await refused(tenant.id, { kind: 'role', roleId: strange.id, sessionName: 'x' })).toBe('NotFound');
      await metadata().setCredentialState(parent, 'disabled', actor);
      expect(await refused(tenant.id, from)).toBe('NotFound');
    });

    it('are forgotten some time after their end', async () => {
      const tenant = await world.tenant();
      const from = { kind: 'credential', accessKeyId: await key(tenant) } as const;
      const ended = session(tenant.id, from, { expiresAtMs: now() - 1000 });
      const old = session(tenant.id, from, { expiresAtMs: now() - DAY_MS - 1000 });
      for (const each of [ended, old]) await metadata().createSession(each, actor);
      while ((await metadata().removeExpiredSessions(100)) > 0);
      expect(await metadata().credential(ended.accessKeyId)).toMatchObject({ expiresAtMs: ended.expiresAtMs });
      expect(await metadata().credential(old.accessKeyId)).toBeUndefined();
      expect(await metadata().credential(from.accessKeyId)).toMatchObject({ kind: 'static' });
    });
  });

  describe('roles', () => {
    it('are kept, replaced, listed and removed by tenant and name', async () => {
      const [tenant, other] = [await world.tenant(), await world.tenant()];
      const trust: RoleTrust = {
        webIdentities: [{ issuer: 'https://a.example', audiences: ['x'], claims: { sub: ['repo:*', 'b'] } }],
        accessKeyIds: [await key(tenant)],
      };
      const wanted = role(tenant, { trust, description: 'for the nights' });
      const made = await metadata().putRole(wanted, actor);
      expect(made).toMatchObject({ ...wanted, tenantName: tenant.name });
      expect(await metadata().role(tenant.name, made.name)).toEqual(made);
      expect(await metadata().role(other.name, made.name)).toBeUndefined();
      const changed = await metadata().putRole({ ...wanted, sessionSecondsMax: 900 }, actor);
      expect(changed).toEqual({ ...made, sessionSecondsMax: 900 });
      const theirs = await metadata().putRole(role(other, { name: made.name }), actor);
      expect(theirs.id).not.toBe(made.id);
      const second = await metadata().putRole(role(tenant), actor);
      expect(await metadata().listRoles(tenant.id)).toEqual([changed, second]);
      await metadata().deleteRole(tenant.id, made.name, actor);
      expect(await metadata().listRoles(tenant.id)).toEqual([second]);
      expect(await metadata().role(other.name, made.name)).toEqual(theirs);
      expect(await faultOf(metadata().deleteRole(tenant.id, made.name, actor))).toBe('NotFound');
    });
  });

  describe('identity providers', () => {
    it('are found by their issuer, which one has at a time', async () => {
      const name = world.unused('idp-');
      const issuer = `https://${name}.example/realm`;
      const grants = [
        { role: 'auditor', tenants: 'all', audiences: [], claims: { groups: ['aud*'] } },
        { role: 'operator', tenants: { claim: 'org' }, audiences: ['a'], claims: { sub: ['*'] } },
        { role: 'viewer', tenants: ['acme'], audiences: [], claims: { sub: ['*'] } },
      ] as const;
      const made = await metadata().putOidcProvider({ name, issuer, audiences: ['a', 'b "c"'], grants }, actor);
      expect(made).toMatchObject({ name, issuer, audiences: ['a', 'b "c"'], grants });
      expect(await metadata().oidcProviderByIssuer(issuer)).toEqual(made);
      expect(await metadata().oidcProviderByIssuer(`${issuer}/`)).toBeUndefined();
      const thief = { name: world.unused('idp-'), issuer, audiences: ['a'], grants: [] };
      expect(await faultOf(metadata().putOidcProvider(thief, actor))).toBe('Conflict');
      const moved = await metadata().putOidcProvider(
        { name, issuer: `${issuer}2`, audiences: ['z'], grants: [] },
        actor,
      );
      expect(await metadata().oidcProviderByIssuer(issuer)).toBeUndefined();
      expect((await metadata().listOidcProviders()).filter((each) => each.name === name)).toEqual([moved]);
      await metadata().deleteOidcProvider(name, actor);
      expect(await metadata().oidcProviderByIssuer(moved.issuer)).toBeUndefined();
      expect(await faultOf(metadata().deleteOidcProvider(name, actor))).toBe('NotFound');
    });
  });
}
