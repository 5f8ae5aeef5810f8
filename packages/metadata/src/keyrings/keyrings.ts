import type { KeyringRecord, MetadataKeyrings } from '@sealgate/core/ports';
import { accepted, type Context } from '../context.ts';

interface KeyringRow {
  readonly version: number;
  readonly document: string;
  readonly digest: string;
  readonly root_key_id: string;
  readonly created_at: number;
}

export function createKeyrings({ database, actor: actorColumns }: Context): MetadataKeyrings {
  return {
    async publishKeyring({ tenantId, previous, keys, ...keyring }, actor) {
      const { seq, document, digest, rootKeyId } = keyring;
      const rows = await database.write<{ outcome: string; created_at: number }>('publish-keyring', [
        ...[tenantId, seq, document, digest, previous, rootKeyId, keys],
        ...(await actorColumns(actor)),
      ]);
      return { ...keyring, createdAtMs: accepted(rows).created_at };
    },

    async newestKeyring(tenantId) {
      const [row] = await database.read<KeyringRow>('newest-keyring', [tenantId]);
      return row && keyringOf(row);
    },

    async listKeyrings(tenantId, afterSeq, limit) {
      return (await database.read<KeyringRow>('list-keyrings', [tenantId, afterSeq, limit])).map(keyringOf);
    },
  };
}

function keyringOf(row: KeyringRow): KeyringRecord {
  const { version: seq, document, digest, root_key_id: rootKeyId, created_at: createdAtMs } = row;
  return { seq, document, digest, rootKeyId, createdAtMs };
}
