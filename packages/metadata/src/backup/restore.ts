import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { Fault } from '@sealgate/core/faults';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { z } from 'zod';
import { connectionConfig } from '../db/connection.ts';
import { databaseFault } from '../db/errors.ts';
import { loadSchemaFiles } from '../migrate/files.ts';
import { migrate } from '../migrate/migrate.ts';
import { type Frame, notABackup, readFrames } from './frames.ts';
import { BACKUP_FORMAT, quoted } from './header.ts';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const headerSchema = z.object({
  format: z.literal(BACKUP_FORMAT),
  version: z.literal(1),
  takenAt: z.iso.datetime(),
  migrations: z.array(z.object({ number: z.int(), checksum: z.string() })).min(1),
});
const startSchema = z.object({ table: z.string().regex(NAME), columns: z.array(z.string().regex(NAME)).min(1) });
const endSchema = z.object({ ends: z.string(), rows: z.int(), sha256: z.string() });
const sequencesSchema = z.object({
  sequences: z.array(z.object({ name: z.string().regex(NAME), value: z.string().regex(/^-?\d{1,19}$/) })),
});
const lastSchema = z.object({ end: z.literal(true) });

export interface RestoredMetadata {
  readonly takenAt: string;
  readonly tables: number;
  readonly rows: number;
  /** Blobs with missing copies, for which repairs were asked anew. */
  readonly repairs: number;
}

/**
 * Fills a database that has no metadata of ours with a backup, and brings it to this release's schema. All rows come in one
 * transaction: what is damaged or cut leaves an empty schema behind, which the next try takes for what it is.
 *
 * The sweep for orphans is held afterwards: to this database everything written since the backup looks like an orphan.
 *
 * @throws Fault ValidationFailed (no backup, damaged), Conflict (the database has metadata, or the backup is of a newer release)
 */
export async function restoreMetadata(options: {
  readonly databaseUrl: string;
  /** Frames, as `dumpMetadata` gave them. */
  readonly backup: AsyncIterable<Uint8Array>;
}): Promise<RestoredMetadata> {
  const { databaseUrl } = options;
  const frames = readFrames(options.backup);
  const header = parse(headerSchema, (await frames.next()).value as Frame | undefined);
  const files = loadSchemaFiles();
  for (const { number, checksum } of header.migrations) {
    const own = files.migrations[number - 1];
    if (own === undefined) throw new Fault('Conflict', 'The backup is of a newer release. Restore it with that one.');
    if (own.checksum !== checksum)
      throw new Fault('Conflict', `The backup has another migration ${number} than this release.`);
  }
  const client = new pg.Client({
    ...connectionConfig(databaseUrl, 'sealgate-restore'),
    statement_timeout: 0,
    query_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await requireEmpty(client);
    const early = { migrations: files.migrations.slice(0, header.migrations.length), functions: [] };
    await migrate({ databaseUrl, files: early });
    const loaded = await load(client, frames, header.takenAt);
    await migrate({ databaseUrl });
    const repairs = await askForRepairs(client);
    return { takenAt: header.takenAt, ...loaded, repairs };
  } catch (error) {
    throw databaseFault(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** No metadata: no schema of ours, or one that an earlier try left without a tenant, a backend or an entry of the log. */
async function requireEmpty(client: pg.Client): Promise<void> {
  const there = await client.query<{ found: boolean }>("SELECT to_regclass('sealgate.audit_log') IS NOT NULL AS found");
  if (there.rows[0]?.found !== true) return;
  const used = await client.query<{ used: boolean }>(
    `SELECT EXISTS (SELECT FROM sealgate.audit_log) OR EXISTS (SELECT FROM sealgate.tenants)
       OR EXISTS (SELECT FROM sealgate.backends) OR EXISTS (SELECT FROM sealgate.secret_versions) AS used`,
  );
  if (used.rows[0]?.used !== false) {
    throw new Fault('Conflict', 'The database has metadata already. A backup is restored into an empty one only.');
  }
  await client.query('DROP SCHEMA sealgate CASCADE');
}

async function load(
  client: pg.Client,
  frames: AsyncGenerator<Frame>,
  takenAt: string,
): Promise<{ readonly tables: number; readonly rows: number }> {
  await client.query('BEGIN');
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind = 'r'
       AND c.relname NOT IN ('migrations', 'functions')`,
  );
  const left = new Set(tables.map(({ name }) => name));
  for (const name of left) {
    // What migrations put in is in the backup, as it had become. Triggers tell of changes, and these are none.
    await client.query(`ALTER TABLE sealgate.${quoted(name)} DISABLE TRIGGER USER`);
    await client.query(`DELETE FROM sealgate.${quoted(name)}`);
  }
  let rows = 0;
  for (;;) {
    const frame = await next(frames);
    const sequences = sequencesSchema.safeParse(frame.kind === 'json' ? frame.value : undefined);
    if (sequences.success) {
      await setSequences(client, sequences.data.sequences);
      break;
    }
    const start = parse(startSchema, frame);
    if (!left.delete(start.table))
      throw notABackup(`It has the table ${start.table}, which is unknown or came before.`);
    rows += await loadTable(client, frames, start);
  }
  parse(lastSchema, await next(frames));
  // Whoever made the stream checks the last of it only when it is read to its end.
  if ((await frames.next()).done !== true) throw notABackup('It goes on behind its end.');
  if (left.size > 0) throw notABackup(`It lacks the table ${[...left].join(', ')}.`);
  for (const { name } of tables) await client.query(`ALTER TABLE sealgate.${quoted(name)} ENABLE TRIGGER USER`);
  await client.query('UPDATE sealgate.cursors SET holder = NULL, leased_until = NULL');
  await client.query(
    `INSERT INTO sealgate.holds (name, reason) VALUES ('orphan-sweep', $1)
     ON CONFLICT (name) DO UPDATE SET reason = excluded.reason, since = now()`,
    [`restored from the backup of ${takenAt}`],
  );
  await client.query('COMMIT');
  return { tables: tables.length, rows };
}

async function loadTable(
  client: pg.Client,
  frames: AsyncGenerator<Frame>,
  { table, columns }: z.output<typeof startSchema>,
): Promise<number> {
  const copy = client.query(copyFrom(`COPY sealgate.${quoted(table)} (${columns.map(quoted).join(', ')}) FROM STDIN`));
  const ended = new Promise<void>((resolve, reject) => {
    copy.on('finish', resolve);
    copy.on('error', reject);
  });
  ended.catch(() => undefined);
  const hash: Hash = createHash('sha256');
  let frame = await next(frames);
  while (frame.kind === 'rows') {
    hash.update(frame.bytes);
    if (!copy.write(frame.bytes)) await Promise.race([once(copy, 'drain'), ended]);
    frame = await next(frames);
  }
  const end = parse(endSchema, frame);
  if (end.ends !== table || end.sha256 !== hash.digest('hex')) {
    copy.destroy();
    throw notABackup(`The table ${table} is not what was written.`);
  }
  copy.end();
  await ended;
  if (copy.rowCount !== end.rows) throw notABackup(`The table ${table} has ${copy.rowCount} rows, not ${end.rows}.`);
  return end.rows;
}

async function setSequences(
  client: pg.Client,
  sequences: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  for (const { name, value } of sequences) {
    await client.query('SELECT setval($1::regclass, $2::bigint)', [`sealgate.${quoted(name)}`, value]);
  }
}

/** Jobs are no part of a backup: whatever is missing asks for its repair again. */
async function askForRepairs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ asked: number }>(
    `SELECT count(*)::integer AS asked FROM (
       SELECT sealgate.enqueue_repair(b.blob_id, b.replicas, coalesce(b.k, 1)::integer) FROM sealgate.blobs b
       WHERE NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = b.blob_id)
         AND EXISTS (SELECT FROM generate_series(0, octet_length(b.replicas) - 4, 4) i WHERE get_byte(b.replicas, i + 3) = ascii('m'))
       OFFSET 0) asked`,
  );
  return rows[0]?.asked ?? 0;
}

async function next(frames: AsyncGenerator<Frame>): Promise<Frame> {
  const step = await frames.next();
  if (step.done === true) throw notABackup('It was cut.');
  return step.value;
}

function parse<T>(schema: z.ZodType<T>, frame: Frame | undefined): T {
  const parsed = schema.safeParse(frame?.kind === 'json' ? frame.value : undefined);
  if (!parsed.success) throw notABackup('A frame is not the one that was expected.', parsed.error);
  return parsed.data;
}
