import type { ListVersions, Metadata } from '@sealgate/core/ports';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const DELIMITER = '/';
const NAMES = 120;

/**
 * Names that count up and carry, most of which have one and the same file; now and then others, and what sorts just before and
 * behind a name's delimiter. How many names there are, and how many of them are left out, differs between the tables.
 */
const odd = fc.record({
  at: fc.nat({ max: NAMES }),
  rest: fc.constantFrom('', '!', '.', '0', '00', '/', '/!', '/00', '/1', '/a/b', '!/0', '0/0'),
});
const keys = fc
  .record({
    names: fc.nat({ max: NAMES }),
    without: fc.integer({ min: 2, max: 40 }),
    odds: fc.array(odd, { maxLength: 12 }),
  })
  .map(({ names, without, odds }) => {
    const nameOf = (n: number) => String(n).padStart(3, '0');
    const even = Array.from({ length: names }, (_, n) => n).filter((n) => n % without > 0);
    return [...even.map((n) => `${nameOf(n)}/0`), ...odds.map(({ at, rest }) => `${nameOf(at)}${rest}`)];
  });
const folders = fc.constantFrom('', '', 'f/', 'f');

/** Long runs of common prefixes, which the listings of the contract are too small for. */
describe('listings with many common prefixes', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  let bucketId = 1_000_000;
  beforeAll(async () => {
    database = await suiteDatabase();
    metadata = await openTestMetadata(database.databaseUrl);
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });

  /** A bucket of its own, and beside it another one for a walk that would leave its range. */
  async function fill(objects: readonly string[], history: readonly string[]): Promise<void> {
    bucketId += 2;
    await sql(
      database.databaseUrl,
      `WITH current AS (
         INSERT INTO sealgate.objects (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag)
         SELECT n + 1000000, 1, now(), b, 1, 0, false, gen_random_uuid(), k.key, ''
         FROM unnest($2::text[]) WITH ORDINALITY AS k(key, n), generate_series($1::integer, $1::integer + 1) b
       )
       INSERT INTO sealgate.history (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag)
       SELECT n, 1, now(), b, 1, 0, false, gen_random_uuid(), k.key, ''
       FROM unnest($3::text[]) WITH ORDINALITY AS k(key, n), generate_series($1::integer, $1::integer + 1) b`,
      [bucketId, objects, history],
    );
  }

  it('walk as a plain filter does, whichever table has what', async () => {
    await fc.assert(
      fc.asyncProperty(
        keys,
        keys,
        folders,
        fc.integer({ min: 20, max: 150 }),
        async (current, older, prefix, limit) => {
          const under = (some: readonly string[]) => [...new Set(some.map((key) => `${prefix}${key}`))];
          const [objects, history] = [[...new Set([...under(current), 'a', 'z/z'])], under(older)];
          await fill(objects, history);
          expect(await walkObjects(prefix, limit)).toEqual(rolledUp(objects, prefix));
          expect(await walkVersions(prefix, limit)).toEqual(rolledUp([...objects, ...history], prefix));
        },
      ),
      { numRuns: 60 },
    );
  });

  async function walkObjects(prefix: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    for (let after = ''; ; ) {
      const page = await metadata.listObjects({ bucketId, prefix, delimiter: DELIMITER, after, limit });
      found.push(...[...page.objects.map(({ key }) => key), ...page.commonPrefixes].sort(byBytes));
      if (page.next === null) return found;
      after = page.next;
    }
  }

  async function walkVersions(prefix: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    let marker: Pick<ListVersions, 'keyMarker' | 'versionIdMarker'> = { keyMarker: '' };
    for (;;) {
      const page = await metadata.listVersions({ bucketId, prefix, delimiter: DELIMITER, limit, ...marker });
      found.push(...[...page.versions.map(({ key }) => key), ...page.commonPrefixes].sort(byBytes));
      if (page.nextKeyMarker === null) return found;
      const { nextKeyMarker: keyMarker, nextVersionIdMarker: versionIdMarker } = page;
      marker = versionIdMarker === null ? { keyMarker } : { keyMarker, versionIdMarker };
    }
  }
});

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Keys, once for each version, and common prefixes below a prefix. */
function rolledUp(keys: readonly string[], prefix: string): string[] {
  const found: string[] = [];
  const prefixes = new Set<string>();
  for (const key of keys.filter((one) => one.startsWith(prefix))) {
    const cut = key.indexOf(DELIMITER, prefix.length);
    if (cut < 0) found.push(key);
    else prefixes.add(key.slice(0, cut + DELIMITER.length));
  }
  return [...found, ...prefixes].sort(byBytes);
}
