import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../db/database.ts';
import { loadStatements } from '../db/statements.ts';
import type { TestDatabase } from '../embedded/testing.ts';
import { silentLogger } from '../logger.ts';
import { suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const FIRST = Date.UTC(2026, 0, 5, 10);
const HOUR_MS = 60 * 60_000;

let server: TestDatabase;
let database: Database;
let bucket: number;

beforeAll(async () => {
  server = await suiteDatabase();
  database = createDatabase(server.databaseUrl, { statements: loadStatements(), logger: silentLogger });
  await sql(
    server.databaseUrl,
    `INSERT INTO sealgate.tenants (id, name, owner_id, display_name, namespace, default_encryption)
     VALUES (gen_random_uuid(), 't', 'o', 'd', 'n', 'off')`,
  );
  const [row] = await sql<{ id: number }>(
    server.databaseUrl,
    `INSERT INTO sealgate.buckets (tenant_id, namespace, name, region, location_constraint, encryption)
     SELECT id, 'n', 'b', 'r', '', 'off' FROM sealgate.tenants RETURNING id`,
  );
  bucket = row?.id ?? 0;
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

const log = (atMs: number, bytes: number, versions: number) =>
  sql(
    server.databaseUrl,
    `INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, bucket_id, bytes_delta, versions_delta)
     VALUES (nextval('sealgate.change_seq'), $1, 0, 1, '', $2, $3, $4)`,
    [new Date(atMs).toISOString(), bucket, bytes, versions],
  );
const fold = async (limit: number): Promise<number> => {
  const [row] = await database.write<{ folded: number }>('fold-usage-log', [limit]);
  return row?.folded ?? 0;
};
const byteSeconds = async (untilMs: number): Promise<readonly number[]> =>
  (
    await sql<{ amount: string }>(
      server.databaseUrl,
      `SELECT amount FROM sealgate.usage_hourly WHERE metric = 's' AND hour < $1 ORDER BY hour`,
      [new Date(untilMs).toISOString()],
    )
  ).map(({ amount }) => Number(amount));

describe('byte-hours', () => {
  it('count a change for what is left of its hour and for whole hours after it, however the log is cut', async () => {
    await log(FIRST + 15 * 60_000, 1000, 1);
    await log(FIRST + 30 * 60_000, 3000, 1);
    // Numbers and times need not agree: this entry is of the hour before.
    await log(FIRST + 2 * HOUR_MS + 30 * 60_000, -1000, -1);
    await log(FIRST + 1 * HOUR_MS + 45 * 60_000, 400, 0);
    while ((await fold(1)) > 0);
    const hour = 3600;
    expect(await byteSeconds(FIRST + 4 * HOUR_MS)).toEqual([
      1000 * 0.75 * hour + 3000 * 0.5 * hour,
      4000 * hour + 400 * 0.25 * hour,
      4400 * hour - 1000 * 0.5 * hour,
      3400 * hour,
    ]);
    const [usage] = await sql<{ bytes: string; versions: string }>(
      server.databaseUrl,
      'SELECT bytes, versions FROM sealgate.bucket_usage WHERE bucket_id = $1',
      [bucket],
    );
    expect([Number(usage?.bytes), Number(usage?.versions)]).toEqual([3400, 1]);
  });

  it('leave out nothing that commits late: the fold waits for who is under way', async () => {
    await fold(1000);
    const { default: pg } = await import('pg');
    const writer = new pg.Client({ connectionString: server.databaseUrl });
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query(
      `INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, bucket_id, bytes_delta, versions_delta)
       VALUES (nextval('sealgate.change_seq'), clock_timestamp(), 0, 1, '', $1, 7, 1)`,
      [bucket],
    );
    // A younger entry that is committed already must not take the position past the older one.
    await log(Date.now() + 1, 5, 1);
    expect(await fold(1000)).toBe(0);
    await writer.query('COMMIT');
    await writer.end();
    // In one step or in two: the younger entry may be of a millisecond that is not over.
    let folded = 0;
    await expect.poll(async () => (folded += await fold(1000))).toBe(2);
    const [usage] = await sql<{ bytes: string }>(
      server.databaseUrl,
      'SELECT bytes FROM sealgate.bucket_usage WHERE bucket_id = $1',
      [bucket],
    );
    expect(Number(usage?.bytes)).toBe(3412);
  });
});
