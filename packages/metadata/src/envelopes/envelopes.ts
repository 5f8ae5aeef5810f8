import { Fault } from '@sealgate/core/faults';
import { ENVELOPES_AT_ONCE_MAX } from '@sealgate/core/limits';
import type { BlobId, ObjectKey } from '@sealgate/core/names';
import { type EnvelopeOutcome, type MetadataEnvelopes, SEALED_FORMAT } from '@sealgate/core/ports';
import { ABOVE_ALL_KEYS, keyAfter, keySuccessor } from '../codec/key-range.ts';
import { type EnvelopeColumns, envelopeOf, versionIdOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { REWRAP_MANIFEST_DELAY_MS } from '../limits.ts';

interface PageRow {
  readonly looked: number;
  readonly last_key: ObjectKey | null;
  readonly last_seq: bigint | null;
}

interface EnvelopeRow extends PageRow, EnvelopeColumns {
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
  readonly locked: boolean;
  /** In what was looked at, from 1. */
  readonly place: number;
}

/** One row at least: it tells how far was looked when nothing is told. */
type ListedRow = EnvelopeRow | (PageRow & { readonly key: null });

export function createEnvelopes({ database, actor }: Context): MetadataEnvelopes {
  return {
    async changeEnvelopes(request) {
      const { bucketId, changes, bypassGovernance = false } = request;
      if (changes.length === 0) return [];
      if (changes.length > ENVELOPES_AT_ONCE_MAX) throw new Fault('InternalError', 'Too many envelopes at once.');
      const [row] = await database.write<{ outcomes: EnvelopeOutcome[] | null }>('change-envelopes', [
        bucketId,
        changes.map(({ key }) => key),
        changes.map(({ seq }) => seq.toString()),
        changes.map(({ expected }) => expected.keyId),
        changes.map(({ expected }) => expected.keyVersion),
        changes.map(({ envelope }) => envelope.keyVersion),
        changes.map(({ envelope }) => envelope.encryptedKey),
        changes.map(({ envelope }) => envelope.keyId),
        changes.map(({ envelope }) => envelope.keyAlg),
        changes.map(({ envelope }) => envelope.encryptionAlg),
        bypassGovernance,
        REWRAP_MANIFEST_DELAY_MS,
        ...(await actor(request.actor)),
      ]);
      const outcomes = row?.outcomes ?? null;
      if (outcomes === null) throw new Fault('NoSuchBucket', 'The specified bucket does not exist');
      return outcomes;
    },

    async listEnvelopes({ bucketId, prefix, after, wanted, limit, look }) {
      const rows = await database.read<ListedRow>('list-envelopes', [
        bucketId,
        after === null ? prefix : keyAfter(after.key),
        keySuccessor(prefix) ?? ABOVE_ALL_KEYS,
        limit,
        look,
        after?.key ?? null,
        after?.seq ?? null,
        [...wanted],
        SEALED_FORMAT,
      ]);
      const envelopes = rows.flatMap((row) => {
        const envelope = row.key === null ? null : envelopeOf(row);
        if (row.key === null || envelope === null) return [];
        return [{ key: row.key, seq: row.seq, versionId: versionIdOf(row), envelope, locked: row.locked }];
      });
      const { looked = 0, last_key: lastKey = null, last_seq: lastSeq = null } = rows[0] ?? {};
      const last = rows.length === limit ? rows.at(-1) : undefined;
      if (last !== undefined && last.key !== null) {
        return { envelopes, looked: last.place, next: { key: last.key, seq: last.seq } };
      }
      const next = looked === look && lastKey !== null && lastSeq !== null ? { key: lastKey, seq: lastSeq } : null;
      return { envelopes, looked, next };
    },
  };
}
