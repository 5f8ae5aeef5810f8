import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { connectionConfig } from '../db/connection.ts';
import { databaseFault } from '../db/errors.ts';
import { jsonFrame, rowsFrame } from './frames.ts';
import { BACKUP_FORMAT, type BackupHeader, quoted, type TableEnd, type TableStart } from './header.ts';

/**
 * Everything of the schema at one moment, as a stream of frames: a header, each table in an order that its foreign keys
 * allow, the sequences, an end. One read-only REPEATABLE READ transaction, so writers go on; memory is bounded by a piece.
 * Secrets leave as they lie in the database: sealed under its passphrase. The job queue is left out: jobs follow from
 * the rows.
 *
 * @throws Fault DatabaseUnavailable, StartFailed when there is no schema of ours
 */
export async function* dumpMetadata(options: { readonly databaseUrl: string }): AsyncGenerator<Buffer> {
  const client = new pg.Client({
    ...connectionConfig(options.databaseUrl, 'sealgate-backup'),
    statement_timeout: 0,
    query_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    yield jsonFrame(await headerOf(client));
    for (const table of await tablesOf(client)) yield* dumpTable(client, table);
    const sequences = await client.query<{ name: string; value: string }>(
      `SELECT sequencename AS name, last_value::text AS value FROM pg_sequences
       WHERE schemaname = 'sealgate' AND last_value IS NOT NULL ORDER BY 1`,
    );
    yield jsonFrame({ sequences: sequences.rows });
    yield jsonFrame({ end: true });
    await client.query('COMMIT');
  } catch (error) {
    throw databaseFault(error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function headerOf(client: pg.Client): Promise<BackupHeader> {
  const there = await client.query<{ found: boolean }>(
    "SELECT to_regclass('sealgate.migrations') IS NOT NULL AS found",
  );
  if (there.rows[0]?.found !== true) throw new Fault('StartFailed', 'The database has no metadata of Sealgate.');
  const migrations = await client.query<{ number: number; checksum: string }>(
    'SELECT number, checksum FROM sealgate.migrations ORDER BY number',
  );
  const now = await client.query<{ at: string }>(
    `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`,
  );
  return { format: BACKUP_FORMAT, version: 1, takenAt: now.rows[0]?.at ?? '', migrations: migrations.rows };
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Referenced tables before those that refer to them. */
async function tablesOf(client: pg.Client): Promise<readonly Table[]> {
  const { rows } = await client.query<Table & { needs: readonly string[] }>(
    `SELECT c.relname AS name,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
       (SELECT coalesce(array_agg(f.relname::text), '{}') FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS needs
     FROM pg_class c WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind = 'r'
       AND c.relname NOT IN ('migrations', 'functions')
     ORDER BY c.relname`,
  );
  const ordered: Table[] = [];
  const placed = new Set<string>();
  let left = rows;
  while (left.length > 0) {
    const ready = left.filter(({ needs }) => needs.every((name) => placed.has(name)));
    if (ready.length === 0) throw new Fault('InternalError', 'The foreign keys of the schema form a circle.');
    for (const { name, columns } of ready) {
      ordered.push({ name, columns });
      placed.add(name);
    }
    left = left.filter((table) => !ready.includes(table));
  }
  return ordered;
}

async function* dumpTable(client: pg.Client, { name, columns }: Table): AsyncGenerator<Buffer> {
  const start: TableStart = { table: name, columns };
  yield jsonFrame(start);
  const hash = createHash('sha256');
  const stream = client.query(copyTo(`COPY sealgate.${quoted(name)} (${columns.map(quoted).join(', ')}) TO STDOUT`));
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield rowsFrame(chunk);
  }
  const end: TableEnd = { ends: name, rows: stream.rowCount, sha256: hash.digest('hex') };
  yield jsonFrame(end);
}
