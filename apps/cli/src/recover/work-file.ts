import { DatabaseSync } from 'node:sqlite';
import type { KeyLine, ManifestHeader, SegmentLine, VersionLine } from '@sealgate/engine/recovery';

/** What was found for one logical bucket. */
export interface FoundBucket {
  readonly id: number;
  readonly header: ManifestHeader;
  readonly warnings: readonly string[];
}

export interface WorkVersion {
  readonly row: number;
  readonly line: VersionLine;
  /** Other keys of the bucket go on with a slash behind this one. */
  readonly isFolder: boolean;
}

export interface Selection {
  /** Every version and not just what a GET would have found. */
  readonly versions: boolean;
  /** As it was at this moment, milliseconds since 1970. */
  readonly atMs: number | undefined;
}

export interface WorkFile {
  /** A bucket begins anew: whatever was known of it goes, but for what was restored of its versions. */
  beginBucket(header: ManifestHeader): number;
  applyVersion(bucket: number, line: VersionLine): void;
  applySegment(bucket: number, line: SegmentLine): void;
  applyKey(bucket: number, line: KeyLine): void;
  endBucket(bucket: number): void;
  inTransaction<T>(work: () => T): T;
  addBlobs(place: string, blobs: readonly { readonly id: string; readonly shard: number }[]): void;
  placesOf(blob: string): readonly { readonly place: string; readonly shard: number }[];
  segments(bucket: number, seq: string, offset: number, limit: number): readonly SegmentLine[];
  select(bucket: number, selection: Selection): { readonly count: number; readonly bytes: number };
  selected(bucket: number, after: number, limit: number): readonly WorkVersion[];
  isRestored(bucket: number, line: VersionLine, target: string): boolean;
  /** Whatever an earlier run put there, it is about to be replaced. */
  forgetRestored(bucket: number, line: VersionLine, target: string): void;
  noteRestored(bucket: number, line: VersionLine, target: string): void;
  close(): void;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS restored (
    tenant TEXT, bucket TEXT, key TEXT, seq TEXT, target TEXT, PRIMARY KEY (tenant, bucket, key, seq, target)
  ) WITHOUT ROWID;
  DROP TABLE IF EXISTS buckets; DROP TABLE IF EXISTS versions; DROP TABLE IF EXISTS segments; DROP TABLE IF EXISTS blobs;
  CREATE TABLE buckets (id INTEGER PRIMARY KEY, tenant TEXT, bucket TEXT);
  CREATE TABLE versions (
    row INTEGER PRIMARY KEY, bucket INTEGER, key TEXT, seq INTEGER, is_null INTEGER, marker INTEGER, modified INTEGER,
    bytes INTEGER, line TEXT, chosen INTEGER NOT NULL DEFAULT 0, UNIQUE (bucket, key, seq)
  );
  CREATE TABLE segments (
    bucket INTEGER, seq INTEGER, start INTEGER, bytes INTEGER, line TEXT, PRIMARY KEY (bucket, seq, start)
  ) WITHOUT ROWID;
  CREATE TABLE blobs (id TEXT, shard INTEGER, place TEXT, PRIMARY KEY (id, shard, place)) WITHOUT ROWID;
`;

/**
 * What manifests and listings say, on disk: buckets have more versions than fit in memory. Made anew by every run,
 * except for what earlier runs restored, so that an interrupted recovery goes on.
 */
export function openWorkFile(path: string): WorkFile {
  const database = new DatabaseSync(path);
  database.exec(SCHEMA);
  return {
    ...createManifestTables(database),
    ...createBlobTable(database),
    ...createChoice(database),
    ...createDone(database),
  };
}

function createManifestTables(
  database: DatabaseSync,
): Pick<WorkFile, 'beginBucket' | 'applyVersion' | 'applySegment' | 'applyKey' | 'endBucket' | 'inTransaction'> {
  const addBucket = database.prepare('INSERT INTO buckets (tenant, bucket) VALUES (?, ?)');
  const putVersion = database.prepare(
    `INSERT INTO versions (bucket, key, seq, is_null, marker, modified, bytes, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (bucket, key, seq) DO UPDATE SET is_null = excluded.is_null, line = excluded.line`,
  );
  const dropSegments = database.prepare('DELETE FROM segments WHERE bucket = ? AND seq = ?');
  const putSegment = database.prepare(
    'INSERT OR REPLACE INTO segments (bucket, seq, start, bytes, line) VALUES (?, ?, ?, ?, ?)',
  );
  const dropVersion = database.prepare('DELETE FROM versions WHERE bucket = ? AND key = ? AND seq = ?');
  const dropNulls = database.prepare(
    'DELETE FROM versions WHERE bucket = ? AND key = ? AND is_null = 1 AND seq IS NOT ?',
  );
  const dropAll = ['versions', 'segments'].map((table) => database.prepare(`DELETE FROM ${table} WHERE bucket = ?`));
  return {
    beginBucket: ({ tenant, bucket }) => Number(addBucket.run(tenant, bucket).lastInsertRowid),
    applyVersion(bucket, line) {
      const { key, seq, versionId, marker, modifiedAtMs, bytes } = line;
      // Segments of a version that was told of before are told of again.
      dropSegments.run(bucket, BigInt(seq));
      const flags = [versionId === 'null' ? 1 : 0, marker ? 1 : 0] as const;
      putVersion.run(bucket, key, BigInt(seq), ...flags, Math.floor(modifiedAtMs), bytes, JSON.stringify(line));
    },
    applySegment(bucket, line) {
      putSegment.run(bucket, BigInt(line.seq), line.offset, line.bytes, JSON.stringify(line));
    },
    applyKey(bucket, line) {
      for (const seq of line.gone) dropVersion.run(bucket, line.key, BigInt(seq));
      dropNulls.run(bucket, line.key, line.null === null ? null : BigInt(line.null));
    },
    endBucket(bucket) {
      for (const statement of dropAll) statement.run(bucket);
    },
    inTransaction(work) {
      database.exec('BEGIN');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}

function createBlobTable(database: DatabaseSync): Pick<WorkFile, 'addBlobs' | 'placesOf' | 'segments'> {
  const add = database.prepare('INSERT OR IGNORE INTO blobs (id, shard, place) VALUES (?, ?, ?)');
  const places = database.prepare('SELECT place, shard FROM blobs WHERE id = ? ORDER BY shard, place');
  const segments = database.prepare(
    `SELECT line FROM segments WHERE bucket = ? AND seq = ? AND start + bytes > ? ORDER BY start LIMIT ?`,
  );
  return {
    addBlobs(place, blobs) {
      for (const { id, shard } of blobs) add.run(id, shard, place);
    },
    placesOf: (blob) => places.all(blob) as unknown as { place: string; shard: number }[],
    segments: (bucket, seq, offset, limit) =>
      segments.all(bucket, BigInt(seq), offset, limit).map(({ line }) => JSON.parse(String(line)) as SegmentLine),
  };
}

function createChoice(database: DatabaseSync): Pick<WorkFile, 'select' | 'selected'> {
  const newest = database.prepare(
    `UPDATE versions SET chosen = 1 WHERE bucket = ?1 AND marker = 0 AND row IN (
       SELECT row FROM (
         SELECT row, max(seq) FROM versions WHERE bucket = ?1 AND modified <= ?2 GROUP BY key
       )
     )`,
  );
  const all = database.prepare('UPDATE versions SET chosen = 1 WHERE bucket = ?1 AND marker = 0 AND modified <= ?2');
  const sum = database.prepare(
    'SELECT count(*) AS count, total(bytes) AS bytes FROM versions WHERE bucket = ? AND chosen = 1',
  );
  // The first key behind `key/`: `0` follows the slash. A folder is one whatever is chosen, so that paths never change.
  const page = database.prepare(
    `SELECT v.row, v.line, EXISTS (
       SELECT 1 FROM versions w WHERE w.bucket = v.bucket AND w.key >= v.key || '/' AND w.key < v.key || '0'
     ) AS is_folder
     FROM versions v WHERE v.bucket = ? AND v.chosen = 1 AND v.row > ? ORDER BY v.row LIMIT ?`,
  );
  return {
    select(bucket, { versions, atMs = Number.MAX_SAFE_INTEGER }) {
      (versions ? all : newest).run(bucket, Math.floor(atMs));
      const { count, bytes } = sum.get(bucket) as { count: number; bytes: number };
      return { count, bytes };
    },
    selected: (bucket, after, limit) =>
      page.all(bucket, after, limit).map(({ row, line, is_folder }) => ({
        row: Number(row),
        line: JSON.parse(String(line)) as VersionLine,
        isFolder: is_folder === 1,
      })),
  };
}

function createDone(
  database: DatabaseSync,
): Pick<WorkFile, 'isRestored' | 'forgetRestored' | 'noteRestored' | 'close'> {
  const known = database.prepare(
    `SELECT 1 FROM restored r JOIN buckets b ON b.tenant = r.tenant AND b.bucket = r.bucket
     WHERE b.id = ? AND r.key = ? AND r.seq = ? AND r.target = ?`,
  );
  const note = database.prepare(
    'INSERT OR IGNORE INTO restored (tenant, bucket, key, seq, target) SELECT tenant, bucket, ?2, ?3, ?4 FROM buckets WHERE id = ?1',
  );
  const forget = database.prepare(
    `DELETE FROM restored WHERE key = ?2 AND target = ?3
     AND EXISTS (SELECT 1 FROM buckets b WHERE b.id = ?1 AND b.tenant = restored.tenant AND b.bucket = restored.bucket)`,
  );
  return {
    forgetRestored: (bucket, { key }, target) => void forget.run(bucket, key, target),
    isRestored: (bucket, { key, seq }, target) => known.get(bucket, key, seq, target) !== undefined,
    noteRestored: (bucket, { key, seq }, target) => void note.run(bucket, key, seq, target),
    close: () => database.close(),
  };
}
