import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABOVE_ALL_KEYS } from '../codec/key-range.ts';
import { loadStatements } from '../db/statements.ts';
import type { TestDatabase } from '../embedded/testing.ts';
import { suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

/** Pages of 8 KiB that a page of ten lines may touch: about five for each line, whatever lies beside it. */
const PAGES = 120;
const LIMIT = 10;

interface Plan {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

/** A listing costs what it shows. Counted in pages of the database, which does not depend on the machine. */
describe('what a listing reads', () => {
  let database: TestDatabase;
  const statements = loadStatements();
  beforeAll(async () => {
    database = await suiteDatabase();
    await sql(database.databaseUrl, fixtures);
  });
  afterAll(() => database.drop());

  async function pagesOf(statement: string, values: readonly (string | number | null)[]): Promise<number> {
    // With the settings of a connection of ours.
    const text = `SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off; PREPARE subject AS ${statements.get(statement)?.text ?? ''};
      -- Once before, so that the plans of a function's statements are made.
      CREATE TEMP TABLE result AS EXECUTE subject (${values.map(literal).join(', ')});
      EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE subject (${values.map(literal).join(', ')})`;
    const rows = await sql<{ 'QUERY PLAN': readonly Plan[] }>(database.databaseUrl, text);
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    return (plan?.['Shared Hit Blocks'] ?? Number.NaN) + (plan?.['Shared Read Blocks'] ?? Number.NaN);
  }

  const range = ['1', '', ABOVE_ALL_KEYS, LIMIT];

  it.each([
    ['many objects', 'list-objects', range],
    ['many objects, in folders', 'list-objects-by-delimiter', [...range, 0, '/', '0']],
    ['the middle of a bucket', 'list-objects', ['1', 'k/500/', ABOVE_ALL_KEYS, LIMIT]],
    ['thousands of keys under delete markers', 'list-objects', ['2', '', ABOVE_ALL_KEYS, LIMIT]],
    ['the same, in folders', 'list-objects-by-delimiter', ['2', '', ABOVE_ALL_KEYS, LIMIT, 0, '/', '0']],
    ['a key with thousands of versions', 'list-objects', ['3', '', ABOVE_ALL_KEYS, LIMIT]],
    ['versions of a key with thousands', 'list-versions', ['3', '', ABOVE_ALL_KEYS, LIMIT, null, null]],
    ['the same, in folders', 'list-versions-by-delimiter', ['3', '', ABOVE_ALL_KEYS, LIMIT, 0, '/', null, null, '0']],
    [
      'versions behind a marker in the middle',
      'list-versions',
      ['3', 'key\u0001', ABOVE_ALL_KEYS, LIMIT, 'key', '2500'],
    ],
    ['a walk over many objects', 'walk-versions', ['1', 'k/500/', ABOVE_ALL_KEYS, LIMIT, null, null]],
    [
      'a walk in the middle of a long history',
      'walk-versions',
      ['3', 'key\u0001', ABOVE_ALL_KEYS, LIMIT, 'key', '2500'],
    ],
    ['the current version of such a key', 'current-version', ['3', 'key', 2048]],
    ['the current version of a key under a marker', 'current-version', ['2', 'm/1', 2048]],
  ])('%s', async (_name, statement, values) => {
    expect(await pagesOf(statement, values)).toBeLessThan(PAGES);
  });
});

function literal(value: string | number | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value}'`;
}

const columns = 'seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag';
const fixtures = `
  INSERT INTO sealgate.objects (${columns})
    SELECT i, 1, now(), 1, 1, 0, true, gen_random_uuid(), format('k/%s/%s', i % 1000, i), '' FROM generate_series(1, 5000) i;
  INSERT INTO sealgate.history (${columns}, delete_marker)
    SELECT i, 0, now(), 2, 0, 0, false, gen_random_uuid(), format('m/%s', i), '', true FROM generate_series(1, 5000) i;
  INSERT INTO sealgate.history (${columns})
    SELECT i, 1, now(), 3, 1, 0, false, gen_random_uuid(), 'key', '' FROM generate_series(1, 5000) i;
  INSERT INTO sealgate.objects (${columns}) VALUES (5001, 1, now(), 3, 1, 0, false, gen_random_uuid(), 'key', '');
`;
