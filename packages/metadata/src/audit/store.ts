import { deflateSync, inflateSync } from 'node:zlib';
import type { AuditEntry } from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import type { AuditFilter, AuditStore, NewLeaf, SequencedEntry } from '@sealgate/core/ports';
import type { Context } from '../context.ts';
import { classify } from '../db/errors.ts';
import { AUDIT_CLOCK_SLACK_MS, AUDIT_PAGE, AUDIT_SCAN_MAX, AUDIT_SUBJECT_ENTRIES_MAX } from '../limits.ts';
import { blobSubject, type EntryRow, entryOf, keySubject, subjectOf } from './entry-row.ts';

interface SequencedRow extends EntryRow {
  readonly leaf: bigint;
  readonly hash: Buffer;
}

interface CheckpointRow {
  readonly tree_size: bigint;
  readonly root: Buffer;
  readonly note: string;
  readonly created_at: number;
}

/** The audit log and its tree in the database. */
export function createAuditStore(context: Context): AuditStore {
  const { database, backends } = context;

  async function sequenced(row: SequencedRow): Promise<SequencedEntry> {
    return { leaf: Number(row.leaf), hash: row.hash, entry: await entryOf(row, backends) };
  }

  /** All of a series that is read page by page. @throws Fault InvalidRequest when it is too long */
  async function all(statement: string, values: readonly unknown[], behind = -1): Promise<SequencedEntry[]> {
    const found: SequencedEntry[] = [];
    for (let last = behind; ; ) {
      const rows = await database.read<SequencedRow>(statement, [...(values as number[]), last, AUDIT_PAGE]);
      for (const row of rows) found.push(await sequenced(row));
      if (rows.length < AUDIT_PAGE) return found;
      if (found.length > AUDIT_SUBJECT_ENTRIES_MAX) {
        throw new Fault('InvalidRequest', 'Too many entries for one answer. Ask for one key, or use an export.');
      }
      last = found.at(-1)?.leaf ?? last;
    }
  }

  /** Null: about the bucket alone. */
  const ofKey = (bucketId: number, key: string | null) =>
    all('audit-entries-of-key', [bucketId, key, keySubject(bucketId, key ?? '')]);

  /** Entries about blobs and no key; the others are found by the key whose blob it is. */
  async function ofBlobs(bucketId: number, entries: readonly SequencedEntry[]): Promise<SequencedEntry[]> {
    const blobs = [...new Set(entries.flatMap(({ entry }) => blobsOf(entry)))];
    const found: SequencedEntry[] = [];
    for (let at = 0; at < blobs.length; at += AUDIT_PAGE) {
      const some = blobs.slice(at, at + AUDIT_PAGE);
      found.push(...(await all('audit-entries-of-blobs', [bucketId, some, some.map(blobSubject)])));
    }
    return found;
  }

  return {
    async horizon() {
      const [row] = await database.read<{ last: bigint }>('audit-horizon', []);
      return Number(row?.last ?? 0n);
    },
    async writers() {
      return (await database.read<{ writer: string }>('audit-writers', [])).map(({ writer }) => writer);
    },
    async edge() {
      const [row] = await database.read<{ leaf: bigint; seq: bigint }>('audit-edge', []);
      return row === undefined ? { size: 0, lastSeq: 0 } : { size: Number(row.leaf) + 1, lastSeq: Number(row.seq) };
    },
    async unsequenced(seq, upTo, limit) {
      const rows = await database.read<EntryRow>('audit-unsequenced', [seq, upTo, limit]);
      const entries: AuditEntry[] = [];
      for (const row of rows) entries.push(await entryOf(row, backends));
      return entries;
    },
    async append(first, leaves, nodes) {
      try {
        const [row] = await database.write<{ leaves: bigint }>('audit-append', [
          first,
          ...leafColumns(leaves),
          nodes.map(({ level }) => level),
          nodes.map(({ index }) => index),
          nodes.map(({ hash }) => hash),
        ]);
        return Number(row?.leaves ?? 0n) === leaves.length;
      } catch (error) {
        if (classify(error) === 'unique') return false;
        throw error;
      }
    },
    async nodes(level, first, count) {
      const rows =
        level === 0
          ? await database.read<{ hash: Buffer }>('audit-leaf-hashes', [first, count])
          : await database.read<{ hash: Buffer }>('audit-node-hashes', [level, first, count]);
      return rows.map(({ hash }) => hash);
    },
    async entries(firstLeaf, limit) {
      const rows = await database.read<SequencedRow>('audit-entries', [firstLeaf, limit]);
      return await Promise.all(rows.map(sequenced));
    },
    async leafAt(timeMs) {
      const [row] = await database.read<{ leaf: bigint }>('audit-leaf-at', [new Date(timeMs).toISOString()]);
      return Number(row?.leaf ?? 0n);
    },
    async search(filter, { first = 0, below, limit }) {
      const newest = below ?? (await this.edge()).size;
      const since = filter.fromMs === undefined ? 0 : await this.leafAt(filter.fromMs - AUDIT_CLOCK_SLACK_MS);
      const bottom = Math.max(first, since);
      const top =
        filter.toMs === undefined ? newest : Math.min(newest, await this.leafAt(filter.toMs + AUDIT_CLOCK_SLACK_MS));
      const low = Math.max(bottom, top - AUDIT_SCAN_MAX);
      const rows = await database.read<SequencedRow>('audit-search', [top, low, limit, ...filterColumns(filter)]);
      const items = await Promise.all(rows.map(sequenced));
      const next = items.length === limit ? (items.at(-1)?.leaf ?? low) : low;
      return { items, next: next > bottom ? next : null, end: newest };
    },
    async entriesOf({ bucketId, key }) {
      const own =
        key === null
          ? await all('audit-entries-of-bucket', [bucketId])
          : [...(await ofKey(bucketId, key)), ...(await ofKey(bucketId, null))];
      const leaves = new Map([...own, ...(await ofBlobs(bucketId, own))].map((one) => [one.leaf, one]));
      return [...leaves.values()].sort((a, b) => a.leaf - b.leaf);
    },
    async entriesNumbered(seqs) {
      const rows = await database.read<SequencedRow>('audit-entries-numbered', [seqs]);
      return await Promise.all(rows.map(sequenced));
    },
    async entriesOfBackends() {
      const found: SequencedEntry[] = [];
      for (let seq = 0; ; ) {
        const rows = await database.read<SequencedRow>('audit-entries-of-backends', [seq, AUDIT_PAGE]);
        for (const row of rows) found.push(await sequenced(row));
        if (rows.length < AUDIT_PAGE) return found;
        seq = found.at(-1)?.entry.seq ?? seq;
      }
    },
    async bucketsNamed(tenantId, name) {
      const rows = await database.read<{ id: number; tenant_id: string }>('audit-buckets', [tenantId, name]);
      return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id }));
    },
    async bucketNames(ids) {
      type Row = { readonly id: number; readonly name: string; readonly tenant: string };
      const rows = await database.read<Row>('audit-bucket-names', [ids]);
      return new Map(rows.map(({ id, ...names }) => [id, names]));
    },
    async checkpoints({ from, to, limit }) {
      const rows = await database.read<CheckpointRow>('audit-checkpoints', [from, to, limit]);
      return rows.map((row) => ({
        size: Number(row.tree_size),
        root: row.root,
        note: row.note,
        createdAtMs: row.created_at,
      }));
    },
    async saveCheckpoint({ size, root, note }) {
      await database.write('audit-save-checkpoint', [size, root, note]);
    },
    async addRequests(batch, actor) {
      await database.write('audit-add-requests', [
        ...(await context.actor(actor)),
        batch.digest,
        batch.tenantId,
        new Date(batch.firstMs).toISOString(),
        new Date(batch.lastMs).toISOString(),
        deflateSync(batch.lines),
        JSON.stringify(batch.detail),
      ]);
    },
    async requests(digests) {
      const wanted = digests.map((digest) => Buffer.from(digest, 'hex'));
      const rows = await database.read<{ digest: Buffer; lines: Buffer }>('audit-requests', [wanted]);
      return new Map(rows.map(({ digest, lines }) => [digest.toString('hex'), inflateSync(lines).toString('utf8')]));
    },
    async removeRequests({ from, to, beforeMs, limit }, actor) {
      const [row] = await database.write<{ next: bigint; entries: number }>('audit-remove-requests', [
        ...[from, to, new Date(beforeMs).toISOString(), limit],
        ...(await context.actor(actor)).slice(0, 2),
      ]);
      return { next: Number(row?.next ?? from), entries: row?.entries ?? 0 };
    },
    async requestsRemovedBefore() {
      const [row] = await database.read<{ before: bigint }>('audit-requests-removed', []);
      return Number(row?.before ?? 0n);
    },
    async note(action, detail, actor) {
      await database.write('audit-note', [...(await context.actor(actor)), action, JSON.stringify(detail)]);
    },
  };
}

/** Blobs that an entry ties to its key: also the one that new bytes took the place of. */
function blobsOf({ blob, detail }: AuditEntry): string[] {
  const from = detail?.['from'];
  return [...(blob === undefined ? [] : [blob]), ...(typeof from === 'string' ? [from] : [])];
}

function leafColumns(leaves: readonly NewLeaf[]) {
  return [
    leaves.map(({ entry }) => entry.seq),
    leaves.map(({ hash }) => hash),
    leaves.map(({ entry }) => entry.bucket ?? null),
    leaves.map(({ entry }) => subjectOf(entry)),
  ];
}

function filterColumns(filter: AuditFilter) {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return [
    filter.tenantId ?? null,
    filter.bucketIds ?? null,
    filter.key ?? null,
    filter.actor ?? null,
    filter.actions ?? null,
    filter.requestId ?? null,
    time(filter.fromMs),
    time(filter.toMs),
  ];
}
