import { Fault } from '@sealgate/core/faults';
import { RECOVERY_KEYS_PER_TENANT_MAX, VERSIONS_AT_ONCE_MAX } from '@sealgate/core/limits';
import type { ObjectKey } from '@sealgate/core/names';
import type { MetadataRecovery, RecoveryStatus } from '@sealgate/core/ports';
import { type VersionRow, versionOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { INLINE_DIGEST_BYTES_MAX, REWRAP_MANIFEST_DELAY_MS } from '../limits.ts';

interface KeyRow {
  readonly key_id: string;
  readonly jwk: string;
  readonly label: string | null;
  readonly created_at: number;
}

interface ChangeRow {
  readonly seq: bigint;
  readonly bucket_id: number;
  readonly key: ObjectKey | null;
  readonly version_seq: bigint;
}

interface StatusRow extends Omit<RecoveryStatus, 'bucketId' | 'ownerKeys'> {
  readonly bucket_id: number;
  readonly owner_keys: number;
}

export function createRecovery(context: Context): MetadataRecovery {
  return { ...createKeys(context), ...createRequests(context), ...createLog(context), ...createStatus(context) };
}

function createKeys(
  context: Context,
): Pick<MetadataRecovery, 'addRecoveryKey' | 'listRecoveryKeys' | 'deleteRecoveryKey'> {
  const { database } = context;
  return {
    async addRecoveryKey({ tenantId, ...key }, actor) {
      const [row] = await database.write<{ outcome: string; created_at: number }>('add-recovery-key', [
        tenantId,
        key.keyId,
        key.jwk,
        key.label,
        RECOVERY_KEYS_PER_TENANT_MAX,
        ...(await context.actor(actor)),
      ]);
      if (row?.outcome === 'QuotaExceeded') {
        throw new Fault('QuotaExceeded', `A tenant has at most ${RECOVERY_KEYS_PER_TENANT_MAX} recovery keys.`);
      }
      if (row?.outcome !== 'ok') throw new Fault('NotFound', 'There is no such tenant.');
      return { ...key, createdAtMs: row.created_at };
    },

    async listRecoveryKeys(tenantId) {
      const rows = await database.read<KeyRow>('list-recovery-keys', [tenantId]);
      return rows.map(({ key_id: keyId, jwk, label, created_at: createdAtMs }) => ({ keyId, jwk, label, createdAtMs }));
    },

    async deleteRecoveryKey(tenantId, keyId, actor) {
      const [row] = await database.write<{ outcome: string }>('delete-recovery-key', [
        tenantId,
        keyId,
        ...(await context.actor(actor)),
      ]);
      if (row?.outcome !== 'ok') throw new Fault('NotFound', `The tenant has no recovery key "${keyId}".`);
    },
  };
}

function createRequests(
  context: Context,
): Pick<MetadataRecovery, 'requestManifests' | 'requestedManifests' | 'finishManifestRequest'> {
  const { database } = context;
  return {
    async requestManifests(scope, actor) {
      const [row] = await database.write<{ requested: number }>('request-manifests', [
        scope !== 'all' && 'bucketId' in scope ? scope.bucketId : null,
        scope !== 'all' && 'tenantId' in scope ? scope.tenantId : null,
        ...(await context.actor(actor)),
      ]);
      return row?.requested ?? 0;
    },

    async requestedManifests(limit) {
      const rows = await database.read<{ bucket_id: number; number: bigint }>('requested-manifests', [limit]);
      return rows.map(({ bucket_id: bucketId, number }) => ({ bucketId, number }));
    },

    async finishManifestRequest({ bucketId, number }) {
      await database.write('finish-manifest-request', [bucketId, number, REWRAP_MANIFEST_DELAY_MS]);
    },
  };
}

function createLog(
  context: Context,
): Pick<MetadataRecovery, 'markLog' | 'isLogFinal' | 'loggedChanges' | 'versionsAt'> {
  const { database } = context;
  return {
    async markLog() {
      const [row] = await database.read<{ seq: bigint; until: string; at: number }>('mark-log', []);
      if (row === undefined) throw new Fault('InternalError', 'The log has no numbers.');
      return { seq: row.seq, until: row.until, atMs: row.at };
    },

    async isLogFinal({ until, atMs }) {
      const [row] = await database.read<{ final: boolean }>('is-log-final', [until, atMs]);
      return row?.final === true;
    },

    async loggedChanges({ after, upTo, limit }) {
      const rows = await database.read<ChangeRow>('logged-changes', [after, upTo, limit]);
      const changes = rows.map(({ seq, bucket_id: bucketId, key, version_seq: versionSeq }) => ({
        ...{ seq, bucketId, key, versionSeq },
      }));
      return { changes, through: rows.length < limit ? upTo : (rows.at(-1)?.seq ?? upTo) };
    },

    async versionsAt(bucketId, places) {
      if (places.length > VERSIONS_AT_ONCE_MAX) throw new Fault('InternalError', 'Too many versions at once.');
      const rows = await database.read<VersionRow>('versions-at', [
        bucketId,
        places.map(({ key }) => key),
        places.map(({ seq }) => seq.toString()),
        INLINE_DIGEST_BYTES_MAX,
      ]);
      return Promise.all(rows.map((row) => versionOf(row, context)));
    },
  };
}

function createStatus(context: Context): Pick<MetadataRecovery, 'recoveryStatus' | 'countRecoverable'> {
  const { database } = context;
  return {
    async recoveryStatus(afterId, limit) {
      const rows = await database.read<StatusRow>('recovery-status', [afterId, limit]);
      return rows.map(({ bucket_id: bucketId, owner_keys: ownerKeys, ...row }) => ({ ...row, bucketId, ownerKeys }));
    },

    async countRecoverable() {
      const [row] = await database.read<{ by_owner: number; others: number }>('count-recoverable', []);
      return { byOwner: row?.by_owner ?? 0, others: row?.others ?? 0 };
    },
  };
}
