import type { AccessKeyId } from '@sealgate/core/names';
import type { Clock, Metadata, Tenant } from '@sealgate/core/ports';
import { createKept } from '@sealgate/engine/kept';
import { TENANT_KEPT_MS, TENANTS_KEPT_MAX } from './limits.ts';

/** An owner as answers show it. Who is no tenant has no name. */
export interface ShownOwner {
  readonly id: string;
  readonly displayName?: string;
}

/** Tenants by what lists and rows call them. */
export interface Directory {
  /** By canonical user id; remembered for some seconds. */
  owner(ownerId: string): Promise<Tenant | undefined>;
  /** By canonical user id or e-mail address, as it is now. */
  grantee(ownerIdOrEmail: string): Promise<Tenant | undefined>;
  /** How the owners of these ids are shown. */
  shown(ownerIds: Iterable<string>): Promise<ReadonlyMap<string, ShownOwner>>;
  /** Whose access key it is (or was, as long as it is known). */
  holder(accessKeyId: string): Promise<Tenant | undefined>;
}

export function createDirectory(deps: {
  readonly metadata: Pick<Metadata, 'tenantByOwner' | 'credential'>;
  readonly clock: Clock;
}): Directory {
  const { metadata, clock } = deps;
  const owners = createKept<string, { readonly tenant: Tenant | undefined }>({
    max: TENANTS_KEPT_MAX,
    freshMs: TENANT_KEPT_MS,
    clock,
    ask: async (ownerId) => ({ tenant: await metadata.tenantByOwner(ownerId) }),
  });
  const owner: Directory['owner'] = async (ownerId) => (await owners.get(ownerId)).tenant;
  return {
    owner,
    grantee: (ownerIdOrEmail) => metadata.tenantByOwner(ownerIdOrEmail),
    async shown(ownerIds) {
      const shown = new Map<string, ShownOwner>();
      for (const id of new Set(ownerIds)) {
        const tenant = await owner(id);
        shown.set(id, tenant === undefined ? { id } : { id, displayName: tenant.displayName });
      }
      return shown;
    },
    holder: async (accessKeyId) => (await metadata.credential(accessKeyId as AccessKeyId))?.tenant,
  };
}
