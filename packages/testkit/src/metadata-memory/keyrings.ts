import type { KeyringRecord, MetadataKeyrings } from '@sealgate/core/ports';
import { fail, type MemoryState } from './state.ts';

export function createKeyrings(state: MemoryState): MetadataKeyrings {
  const of = (tenantId: string): readonly KeyringRecord[] => state.keyrings.get(tenantId) ?? [];
  return {
    async publishKeyring({ tenantId, previous, keys: _keys, ...keyring }) {
      if (!state.tenants.has(tenantId)) fail('NotFound');
      const newest = of(tenantId).at(-1);
      if (newest !== undefined && newest.rootKeyId !== keyring.rootKeyId) fail('Conflict');
      if (newest?.seq === keyring.seq && newest.digest === keyring.digest) return newest;
      if (keyring.seq !== (newest?.seq ?? 0) + 1 || previous !== (newest?.digest ?? null)) fail('Conflict');
      const made = { ...keyring, createdAtMs: state.clock.now() };
      state.keyrings.set(tenantId, [...of(tenantId), made]);
      return made;
    },
    newestKeyring: async (tenantId) => of(tenantId).at(-1),
    listKeyrings: async (tenantId, afterSeq, limit) =>
      of(tenantId)
        .filter(({ seq }) => seq > afterSeq)
        .slice(0, limit),
  };
}
