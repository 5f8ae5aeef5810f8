import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from './embedded/testing.ts';
import { suiteDatabase } from './testing/database.ts';
import { sql } from './testing/empty-database.ts';

const VERSIONS = 4_000;
/** Bytes of database for one encrypted version with three copies and a key of 60 bytes, indexes and log included. */
const BUDGET = 900;

describe('room that a version takes', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await suiteDatabase();
    await sql(database.databaseUrl, fixtures);
  });
  afterAll(() => database.drop());

  it('stays within its budget, also when the last copy comes late', async () => {
    await sql(database.databaseUrl, putMany, []);
    await sql(database.databaseUrl, 'CALL size_test.put($1)', [VERSIONS]);
    const rows = await sql<{ name: string; bytes: string }>(
      database.databaseUrl,
      `SELECT c.relname AS name, pg_relation_size(c.oid) AS bytes FROM pg_class c
       WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind IN ('r', 'i') AND pg_relation_size(c.oid) > 100000`,
    );
    const each = new Map(rows.map((row) => [row.name, Number(row.bytes) / VERSIONS]));
    const sum = [...each.values()].reduce((a, b) => a + b, 0);
    expect(each.size, 'tables that grow with versions').toBe(6);
    expect(sum).toBeLessThan(BUDGET);
    expect(sum).toBeGreaterThan(BUDGET / 2);
  });
});

const fixtures = `
  CREATE SCHEMA size_test;
  INSERT INTO sealgate.tenants (id, name, owner_id, display_name, namespace, default_encryption)
    VALUES (gen_random_uuid(), 't', 'o', 'd', 'n', 'off');
  INSERT INTO sealgate.buckets (tenant_id, namespace, name, region, location_constraint, encryption)
    SELECT id, 'n', 'b', 'r', '', 'off' FROM sealgate.tenants;
`;

// Keys come in no order, as a hash's do; one transaction a version, because the copy comes in after the commit.
const putMany = `
  CREATE PROCEDURE size_test.put(p_count integer) LANGUAGE plpgsql AS $$
  DECLARE
    v_blob uuid;
    v_key text;
    encrypted jsonb;
  BEGIN
    FOR i IN 1 .. p_count LOOP
      v_blob := (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid;
      v_key := left(md5(i::text) || md5((i + 1)::text), 60);
      encrypted := jsonb_build_object('sse', encode(substr(sha512(v_key::bytea), 1, 43), 'base64'));
      PERFORM sealgate.commit_version(1, v_key, v_blob, 4096, 4096, decode('01' || md5(v_key), 'hex'), 1, 2, decode('0100000000', 'hex'),
        '{"contentType": "binary/octet-stream"}', NULL, encrypted, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 16::smallint,
        decode('000100730002007300030070', 'hex'), sha256(v_key::bytea), 'p', NULL, NULL, 1, '0123456789ABCDEF', '127.0.0.1',
        900000, 60000, 86400000, NULL);
      COMMIT;
      PERFORM sealgate.mark_replica(v_blob, decode('00030073', 'hex'), false, 2, '', 0);
      COMMIT;
    END LOOP;
  END
  $$;
`;
