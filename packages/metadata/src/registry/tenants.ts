import { createHash, randomUUID } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { parseTenantId, parseTenantName, type TenantId } from '@sealgate/core/names';
import {
  completeSettings,
  type EncryptionMode,
  type MetadataRegistry,
  type RequestRecording,
  type Tenant,
  type TenantSettings,
} from '@sealgate/core/ports';
import { type Context, orConflict } from '../context.ts';

export interface TenantRow {
  readonly id: TenantId;
  readonly name: string;
  readonly owner_id: string;
  readonly display_name: string;
  readonly email: string | null;
  readonly namespace: string;
  readonly state: Tenant['state'];
  readonly default_encryption: EncryptionMode;
  readonly policy_name: string | null;
  readonly settings: Partial<TenantSettings>;
  readonly quota_bytes: bigint | null;
  readonly quota_objects: bigint | null;
  readonly quota_requests_per_second: number | null;
  readonly request_records: RequestRecording | null;
  readonly created_at: number;
}

export function tenantOf(row: TenantRow): Tenant {
  return {
    id: row.id,
    name: row.name,
    ownerId: row.owner_id,
    displayName: row.display_name,
    email: row.email,
    namespace: row.namespace,
    state: row.state,
    defaultEncryption: row.default_encryption,
    policyName: row.policy_name,
    settings: completeSettings(row.settings),
    quotas: {
      bytes: row.quota_bytes === null ? null : Number(row.quota_bytes),
      objects: row.quota_objects === null ? null : Number(row.quota_objects),
      requestsPerSecond: row.quota_requests_per_second,
    },
    requestRecords: row.request_records,
    createdAtMs: row.created_at,
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createTenants(
  context: Context,
): Pick<MetadataRegistry, 'createTenant' | 'tenant' | 'tenantByOwner' | 'listTenants' | 'updateTenant'> {
  const { database } = context;
  return {
    async createTenant(tenant, actor) {
      const id = parseTenantId(randomUUID());
      // S3 shows the owner as 64 hex digits; a digest of the id needs no secret and is never taken twice.
      const ownerId = createHash('sha256').update(`sealgate owner ${id}`).digest('hex');
      const columns = await context.actor(actor);
      const [row] = await orConflict('There is a tenant of this name already.', () =>
        database.write<TenantRow>('create-tenant', [
          ...columns,
          id,
          parseTenantName(tenant.name),
          ownerId,
          tenant.displayName,
          tenant.email,
          tenant.namespace,
          tenant.defaultEncryption,
          tenant.policyName,
          JSON.stringify(completeSettings(tenant.settings ?? {})),
        ]),
      );
      if (row === undefined) throw new Fault('InternalError', 'The tenant was not stored.');
      return tenantOf(row);
    },

    async tenant(idOrName) {
      const [row] = await database.read<TenantRow>(UUID.test(idOrName) ? 'tenant-by-id' : 'tenant-by-name', [idOrName]);
      return row === undefined ? undefined : tenantOf(row);
    },

    async tenantByOwner(ownerIdOrEmail) {
      const rows = await database.read<TenantRow>('tenant-by-owner', [ownerIdOrEmail]);
      const [row] = rows;
      return row === undefined || rows.length > 1 ? undefined : tenantOf(row);
    },

    async listTenants(cursor, limit) {
      const rows = await database.read<TenantRow>('list-tenants', [cursor ?? '', limit + 1]);
      const items = rows.slice(0, limit).map(tenantOf);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },

    async updateTenant(id, change, actor) {
      const [row] = await database.write<TenantRow>('update-tenant', [
        ...(await context.actor(actor)),
        id,
        JSON.stringify(change),
      ]);
      if (row === undefined) throw new Fault('NotFound', 'There is no such tenant.');
      return tenantOf(row);
    },
  };
}
