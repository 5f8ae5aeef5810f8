import { Fault } from '@sealgate/core/faults';
import pg from 'pg';
import { connectionConfig } from '../db/connection.ts';
import { databaseFault } from '../db/errors.ts';
import { migrateQueue } from '../housekeeping/queue.ts';
import { MIGRATION_LOCK_WAIT_MS } from '../limits.ts';
import { loadSchemaFiles, type SchemaFiles } from './files.ts';
import { type AppliedFunction, type AppliedMigration, planMigration } from './plan.ts';

// Any number that no other advisory lock of ours uses; the keys of ours are hashes or pairs.
const MIGRATION_LOCK = '7310589213470001';

// https://www.postgresql.org/docs/current/runtime-config-preset.html
const OLDEST_SERVER = 150_000;

export interface MigrateResult {
  /** Names of the migrations that this call applied. */
  readonly applied: readonly string[];
  readonly functions: readonly string[];
  /** Settings of the server under which a commit may be lost after it was answered, for example `fsync=off`. */
  readonly undurable: readonly string[];
}

/**
 * Brings the database to this release's schema. Safe when many processes start at once: one does it, the others wait and
 * find it done. All migrations and functions go in one transaction.
 * @throws Fault StartFailed (wrong server, newer or foreign schema), DatabaseUnavailable
 */
export async function migrate(options: {
  readonly databaseUrl: string;
  readonly files?: SchemaFiles;
  /** A role that the program runs under, when it is not the schema's owner: gets exactly the rights it needs. */
  readonly runtimeRole?: string;
}): Promise<MigrateResult> {
  const files = options.files ?? loadSchemaFiles();
  const client = new pg.Client({
    ...connectionConfig(options.databaseUrl, 'sealgate-migrate'),
    statement_timeout: 0,
    lock_timeout: MIGRATION_LOCK_WAIT_MS,
    query_timeout: 0,
  });
  client.on('error', () => {});
  try {
    await connect(client);
    const undurable = await checkServer(client);
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await refuseOthers(client, files);
    await migrateQueue(async (text, values) => {
      const result = await client.query<pg.QueryResultRow>(text, [...values]);
      return { rows: Array.isArray(result) ? [] : result.rows };
    });
    await client.query('BEGIN');
    const changed = await apply(client, files);
    if (options.runtimeRole !== undefined) await grant(client, options.runtimeRole);
    await client.query('COMMIT');
    return { ...changed, undurable };
  } catch (error) {
    throw databaseFault(error);
  } finally {
    // Ending the session also rolls back and lets go of the lock.
    await client.end().catch(() => {});
  }
}

/** At the start a refusal has a reader who can do something about it. */
async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('28')) {
      throw new Fault('StartFailed', 'The database server refused the user or password of DATABASE_URL.', {
        cause: error,
      });
    }
    if (code === '3D000') {
      throw new Fault('StartFailed', 'The database that DATABASE_URL names does not exist. Create it first.', {
        cause: error,
      });
    }
    throw error;
  }
}

/** @returns what is weaker than what an acknowledged write promises */
async function checkServer(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ version: string; encoding: string }>(
    "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding",
  );
  const [row] = rows;
  if (row === undefined || Number(row.version) < OLDEST_SERVER) {
    throw new Fault('StartFailed', 'The database server is too old: PostgreSQL 15 or later is needed.');
  }
  if (row.encoding !== 'UTF8') {
    throw new Fault(
      'StartFailed',
      `The database is encoded in ${row.encoding}. Create it with encoding UTF8: object keys are UTF-8.`,
    );
  }
  const { rows: settings } = await client.query<{ setting: string }>(
    `SELECT name || '=' || setting AS setting FROM pg_settings
     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`,
  );
  return settings.map(({ setting }) => setting);
}

/** Before the queue's schema is touched, which has a transaction of its own. */
async function refuseOthers(client: pg.Client, files: SchemaFiles): Promise<void> {
  const { rows } = await client.query<{ made: boolean }>(
    "SELECT to_regclass('sealgate.migrations') IS NOT NULL AS made",
  );
  if (rows[0]?.made === true) planMigration(files, { migrations: await appliedMigrations(client), functions: [] });
}

async function appliedMigrations(client: pg.Client): Promise<readonly AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    'SELECT number, name, checksum FROM sealgate.migrations ORDER BY number',
  );
  return rows;
}

async function apply(client: pg.Client, files: SchemaFiles): Promise<Omit<MigrateResult, 'undurable'>> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS sealgate;
    CREATE TABLE IF NOT EXISTS sealgate.migrations (
      number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE IF NOT EXISTS sealgate.functions (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());`);
  const migrations = await appliedMigrations(client);
  const functions = await client.query<AppliedFunction>('SELECT name, checksum FROM sealgate.functions');
  const plan = planMigration(files, { migrations, functions: functions.rows });
  for (const file of plan.migrations) {
    await client.query(file.text);
    await client.query('INSERT INTO sealgate.migrations (number, name, checksum) VALUES ($1, $2, $3)', [
      file.number,
      file.name,
      file.checksum,
    ]);
  }
  for (const file of plan.functions) {
    await client.query(file.text);
    await dropOtherForms(client, file.name.slice(0, -4).replaceAll('-', '_'));
    await client.query(
      `INSERT INTO sealgate.functions (name, checksum) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()`,
      [file.name, file.checksum],
    );
  }
  return { applied: plan.migrations.map((file) => file.name), functions: plan.functions.map((file) => file.name) };
}

/** A function that takes other arguments now is another one to PostgreSQL: the form of the earlier release goes. */
async function dropOtherForms(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ form: string }>(
    `SELECT p.oid::regprocedure::text AS form FROM pg_proc p
     WHERE p.pronamespace = 'sealgate'::regnamespace AND p.proname = $1 AND p.xmin::text <> pg_current_xact_id()::xid::text`,
    [name],
  );
  for (const { form } of rows) await client.query(`DROP FUNCTION ${form}`);
}

/** Everything but the audit log and its tree may be changed; those may be appended to. */
async function grant(client: pg.Client, role: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  await client.query(`
    GRANT USAGE ON SCHEMA sealgate, pgboss TO ${name};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sealgate, pgboss TO ${name};
    REVOKE UPDATE, DELETE, TRUNCATE ON sealgate.audit_log, sealgate.audit_leaves, sealgate.audit_nodes, sealgate.audit_checkpoints FROM ${name};
    REVOKE DELETE ON sealgate.audit_keys FROM ${name};
    REVOKE INSERT, UPDATE, DELETE ON sealgate.migrations, sealgate.functions FROM ${name};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA sealgate, pgboss TO ${name};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sealgate, pgboss TO ${name};`);
}
