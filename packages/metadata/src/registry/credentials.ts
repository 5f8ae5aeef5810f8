import { Fault } from '@sealgate/core/faults';
import type { AccessKeyId, TenantId } from '@sealgate/core/names';
import type { Credential, MetadataRegistry } from '@sealgate/core/ports';
import { type Context, orConflict } from '../context.ts';
import { type TenantRow, tenantOf } from './tenants.ts';

type Prefixed<Row> = { readonly [Name in keyof Row as `tenant_${Name & string}`]: Row[Name] };

interface CredentialColumns {
  readonly access_key_id: AccessKeyId;
  readonly kind: 'static' | 'session';
  readonly state: 'active' | 'disabled';
  readonly policy: string | null;
  readonly session_policy: string | null;
  readonly parent: string | null;
  readonly session_token: Buffer | null;
  readonly expires_at: number | null;
  readonly description: string | null;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

type CredentialRow = CredentialColumns & Prefixed<TenantRow> & { readonly secret: Buffer };

export function createCredentials(
  context: Context,
): Pick<
  MetadataRegistry,
  | 'createCredential'
  | 'credential'
  | 'listCredentials'
  | 'rotateCredential'
  | 'noteCredentialUse'
  | 'setCredentialState'
  | 'setCredentialPolicy'
  | 'deleteCredential'
> {
  const { database, secrets } = context;

  function credentialOf(row: CredentialColumns, tenant: Credential['tenant']): Omit<Credential, 'secretAccessKey'> {
    const token = row.session_token;
    return {
      accessKeyId: row.access_key_id,
      tenant,
      kind: row.kind,
      state: row.state,
      policy: row.policy,
      sessionPolicy: row.session_policy,
      parent: row.parent,
      expiresAtMs: row.expires_at,
      sessionToken: token === null ? null : secrets.open({ purpose: 'session-token', id: row.access_key_id }, token),
      description: row.description,
      createdAtMs: row.created_at,
      lastUsedAtMs: row.last_used_at,
    };
  }

  async function tenantById(id: TenantId): Promise<Credential['tenant']> {
    const [row] = await database.read<TenantRow>('tenant-by-id', [id]);
    if (row === undefined) throw new Fault('NotFound', 'There is no such tenant.');
    return tenantOf(row);
  }

  return {
    async createCredential(credential, actor) {
      const { accessKeyId, secretAccessKey, tenantId, expiresAtMs, description, policy = null } = credential;
      const tenant = await tenantById(tenantId);
      const sealed = secrets.seal({ purpose: 'credential', id: accessKeyId }, secretAccessKey);
      const expiry = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
      const columns = await context.actor(actor);
      const [row] = await orConflict('There is a credential with this access key id already.', () =>
        database.write<{ created_at: number }>('create-credential', [
          ...columns,
          accessKeyId,
          tenantId,
          sealed,
          expiry,
          description,
          policy,
        ]),
      );
      if (row === undefined) throw new Fault('NotFound', 'There is no such tenant.');
      const base = { accessKeyId, secretAccessKey, tenant, expiresAtMs, description, policy };
      const plain = { kind: 'static', parent: null, sessionToken: null, sessionPolicy: null } as const;
      return { ...base, ...plain, state: 'active', createdAtMs: row.created_at, lastUsedAtMs: null };
    },

    async credential(accessKeyId) {
      const [row] = await database.read<CredentialRow>('credential', [accessKeyId]);
      if (row === undefined) return undefined;
      const secretAccessKey = secrets.open({ purpose: 'credential', id: row.access_key_id }, row.secret);
      return { ...credentialOf(row, tenantOfCredential(row)), secretAccessKey };
    },

    async rotateCredential(accessKeyId, { replacement, secretAccessKey, overlapMs }, actor) {
      const sealed = secrets.seal({ purpose: 'credential', id: replacement }, secretAccessKey);
      const values = [...(await context.actor(actor)), accessKeyId, replacement, sealed, overlapMs];
      const made = await orConflict('There is a credential with this access key id already.', () =>
        database.write('rotate-credential', values),
      );
      if (made.length === 0) throw new Fault('NotFound', 'There is no such access key that is in use.');
    },

    async noteCredentialUse(accessKeyIds) {
      if (accessKeyIds.length > 0) await database.write('note-credential-use', [accessKeyIds]);
    },

    async listCredentials(tenantId) {
      const [tenant, rows] = await Promise.all([
        database.read<TenantRow>('tenant-by-id', [tenantId]),
        database.read<CredentialColumns>('list-credentials', [tenantId]),
      ]);
      const [known] = tenant;
      return known === undefined ? [] : rows.map((row) => credentialOf(row, tenantOf(known)));
    },

    async setCredentialState(accessKeyId, state, actor) {
      const rows = await database.write('set-credential-state', [...(await context.actor(actor)), accessKeyId, state]);
      if (rows.length === 0) throw new Fault('NotFound', 'There is no such credential.');
    },

    async setCredentialPolicy(accessKeyId, policy, actor) {
      const rows = await database.write('set-credential-policy', [
        ...(await context.actor(actor)),
        accessKeyId,
        policy,
      ]);
      if (rows.length === 0) throw new Fault('NotFound', 'There is no such credential.');
    },

    async deleteCredential(accessKeyId, actor) {
      const rows = await database.write('delete-credential', [...(await context.actor(actor)), accessKeyId]);
      if (rows.length === 0) throw new Fault('NotFound', 'There is no such credential.');
    },
  };
}

function tenantOfCredential(row: Prefixed<TenantRow>): Credential['tenant'] {
  return tenantOf({
    id: row.tenant_id,
    name: row.tenant_name,
    owner_id: row.tenant_owner_id,
    display_name: row.tenant_display_name,
    email: row.tenant_email,
    namespace: row.tenant_namespace,
    state: row.tenant_state,
    default_encryption: row.tenant_default_encryption,
    policy_name: row.tenant_policy_name,
    settings: row.tenant_settings,
    quota_bytes: row.tenant_quota_bytes,
    quota_objects: row.tenant_quota_objects,
    quota_requests_per_second: row.tenant_quota_requests_per_second,
    request_records: row.tenant_request_records,
    created_at: row.tenant_created_at,
  });
}
