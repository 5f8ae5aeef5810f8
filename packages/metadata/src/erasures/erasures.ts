import { Fault } from '@sealgate/core/faults';
import {
  type BackendId,
  type BlobId,
  type BucketName,
  encodeVersionId,
  type ObjectKey,
  type PhysicalBucketName,
  type TenantId,
} from '@sealgate/core/names';
import type { ConfirmedRemovals, ErasedCopies, Erasure, ErasureState, MetadataErasures } from '@sealgate/core/ports';
import { accepted, type Context } from '../context.ts';

interface ErasureRow {
  readonly tenant_id: TenantId;
  readonly name: string;
  readonly state: ErasureState;
  readonly begun_at: number;
  readonly removed_at: number | null;
  readonly done_at: number | null;
  readonly begun_seq: bigint;
  readonly removed_seq: bigint | null;
  readonly done_seq: bigint | null;
  readonly without: readonly number[];
  readonly found: Erasure['found'];
  readonly report: string | null;
  readonly trouble: string | null;
}

interface CopiesRow {
  readonly backend: number;
  readonly copies: bigint;
  readonly attempts: bigint;
  readonly bytes: bigint;
}

interface ConfirmedRow extends CopiesRow {
  readonly bucket: PhysicalBucketName | null;
  readonly first_at: number;
  readonly last_at: number;
}

interface LockedRow {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly blob_id: BlobId;
  readonly is_null: boolean;
  readonly legal_hold: boolean;
  readonly retain_until: number | null;
  readonly total: bigint;
  readonly last_until: number | null;
}

export function createErasures(context: Context): MetadataErasures {
  const { database, backends } = context;
  const numbers = (ids: readonly BackendId[]): Promise<number[]> => Promise.all(ids.map((id) => backends.numberOf(id)));

  async function copiesOf(row: CopiesRow): Promise<ErasedCopies> {
    const counts = { copies: Number(row.copies), attempts: Number(row.attempts), bytes: Number(row.bytes) };
    return { backend: await backends.idOf(row.backend), ...counts };
  }

  async function confirmedOf(row: ConfirmedRow): Promise<ConfirmedRemovals> {
    return { ...(await copiesOf(row)), firstMs: row.first_at, lastMs: row.last_at };
  }

  async function removals(tenantId: TenantId): Promise<Pick<Erasure, 'confirmed' | 'bucketsRemoved'>> {
    const rows = await database.read<ConfirmedRow>('erasure-confirmed', [tenantId]);
    const confirmed = await Promise.all(rows.filter(({ bucket }) => bucket === null).map(confirmedOf));
    const removed = rows.flatMap(async ({ backend, bucket: name, last_at: atMs }) =>
      name === null ? [] : [{ backend: await backends.idOf(backend), name, atMs }],
    );
    return { confirmed, bucketsRemoved: (await Promise.all(removed)).flat() };
  }

  async function bucketsLeft(tenantId: TenantId): Promise<Erasure['bucketsLeft']> {
    type Row = { readonly backend: number; readonly name: PhysicalBucketName };
    const rows = await database.read<Row>('erasure-buckets-left', [tenantId]);
    return await Promise.all(rows.map(async ({ backend, name }) => ({ backend: await backends.idOf(backend), name })));
  }

  return {
    async lockedVersions(tenantId, limit) {
      const rows = await database.read<LockedRow>('locked-versions', [tenantId, limit]);
      const versions = rows.map((row) => ({
        bucket: row.bucket,
        key: row.key,
        versionId: row.is_null ? ('null' as const) : encodeVersionId(row.seq, row.blob_id),
        retainUntilMs: row.retain_until,
        legalHold: row.legal_hold,
      }));
      return { versions, total: Number(rows[0]?.total ?? 0n), lastUntilMs: rows[0]?.last_until ?? null };
    },

    async beginErasure({ tenantId, without, stored }, actor) {
      accepted(
        await database.write<{ outcome: string }>('begin-erasure', [
          ...(await context.actor(actor)),
          tenantId,
          await numbers(without),
          stored.bytes,
          stored.versions,
        ]),
      );
    },

    async erasure(tenantId) {
      const [row] = await database.read<ErasureRow>('erasure', [tenantId]);
      if (row === undefined) return undefined;
      const [waiting, removed, left, without] = await Promise.all([
        database.read<CopiesRow>('erasure-waiting', [tenantId]),
        removals(tenantId),
        bucketsLeft(tenantId),
        Promise.all(row.without.map((number) => backends.idOf(number))),
      ]);
      return {
        tenantId: row.tenant_id,
        tenantName: row.name,
        state: row.state,
        begunAtMs: row.begun_at,
        removedAtMs: row.removed_at,
        doneAtMs: row.done_at,
        entries: [row.begun_seq, row.removed_seq, row.done_seq].flatMap((seq) => (seq === null ? [] : [Number(seq)])),
        found: row.found,
        without: without.toSorted(),
        waiting: await Promise.all(waiting.map(copiesOf)),
        ...removed,
        bucketsLeft: left,
        report: row.report,
        trouble: row.trouble,
      };
    },

    async erasuresUnderWay() {
      const rows = await database.read<{ tenant_id: TenantId }>('erasures-under-way', []);
      return rows.map((row) => row.tenant_id);
    },

    async hurryDeletions(tenantId) {
      await database.write('hurry-deletions', [tenantId]);
    },

    async noteErasureTrouble(tenantId, trouble) {
      await database.write('erasure-trouble', [tenantId, trouble]);
      await database.write('erasure-fold', [tenantId]);
    },

    async advanceErasure({ tenantId, to, excluded, report, detail }, actor) {
      const [number, requestId] = await context.actor(actor);
      const [row] = await database.write<{ done: boolean }>('advance-erasure', [
        tenantId,
        to,
        await numbers(excluded),
        report,
        JSON.stringify(detail),
        number,
        requestId,
      ]);
      if (row === undefined) throw new Fault('InternalError', 'The database gave no answer.');
      return row.done;
    },
  };
}
