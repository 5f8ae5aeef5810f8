import { createHash } from 'node:crypto';
import { parseObjectKey } from '@sealgate/core/names';
import { type Bucket, type CommitVersion, type Metadata, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { COMMIT_FURTHER_LANE_FROM } from '../limits.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error as { readonly code: string }).code,
  );

describe('commits that share a transaction', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  let statements = 0;
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));

  beforeAll(async () => {
    database = await suiteDatabase();
    const onStatement = (): void => {
      statements += 1;
    };
    metadata = await openTestMetadata(database.databaseUrl, { onStatement });
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });
  const keysNamed = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name} ${index}`);

  /** What a transaction that holds an advisory lock does while `work` goes on; `free` ends it. */
  async function whileHeld(lock: string, work: (free: () => Promise<void>) => Promise<void>): Promise<void> {
    const holder = new pg.Client({ connectionString: database.databaseUrl });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(`SELECT ${lock}`);
      await work(async () => {
        await holder.query('COMMIT');
      });
    } finally {
      await holder.end();
    }
  }

  /** The statements that wait for an advisory lock. */
  const waitingStatements = async (): Promise<string[]> => {
    const found = await sql(
      database.databaseUrl,
      `SELECT a.query FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid IN (
         SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND NOT l.granted)`,
    );
    return (found as { readonly query: string }[]).map(({ query }) => /sealgate\.\w+/.exec(query)?.[0] ?? '');
  };

  it('take few round trips, and leave an entry of the log each', async () => {
    const bucket = await world.bucket();
    await world.put(bucket, 'first');
    const requests = await Promise.all(keysNamed('many', 31).map((key) => world.version(bucket, key)));
    statements = 0;
    await Promise.all(requests.map((request) => metadata.commitVersion(request)));
    // One that finds nothing under way, as many as take a further lane, and what is left.
    expect(statements).toBe(3);
    const entries = await sql(
      database.databaseUrl,
      `SELECT DISTINCT l.key, o.seq = l.seq AS same FROM sealgate.audit_log l
       JOIN sealgate.objects o ON o.bucket_id = l.bucket_id AND o.key = l.key AND o.blob_id = l.blob_id
       WHERE l.bucket_id = ${bucket.id} AND l.action = 1`,
    );
    expect(entries).toHaveLength(32);
    expect(entries).not.toContainEqual(expect.objectContaining({ same: false }));
  });

  it.each([
    ['key', (bucket: Bucket) => `pg_advisory_xact_lock(hashtextextended('held 7', ${bucket.id}))`],
    ['bucket', (bucket: Bucket) => `pg_advisory_xact_lock(1, ${bucket.id})`],
  ])('are not held up by one whose %s another transaction has', async (_, lockOf) => {
    const [held, free] = [await world.bucket(), await world.bucket()];
    const waiting = await world.version(held, 'held 7');
    const rest = await Promise.all(keysNamed('rest', 20).map((key) => world.version(free, key)));
    await whileHeld(lockOf(held), async (release) => {
      let done = false;
      const first = metadata.commitVersion(rest[0] as CommitVersion);
      const late = metadata.commitVersion(waiting).finally(() => void (done = true));
      const others = rest.slice(1).map((request) => metadata.commitVersion(request));
      await expect.poll(waitingStatements).toEqual(['sealgate.commit_version']);
      await Promise.all([first, ...others]);
      expect(done).toBe(false);
      await release();
      await late;
    });
    expect(await metadata.currentVersion(held.id, waiting.key)).toMatchObject({ blob: { blobId: waiting.blobId } });
  });

  it('do not fail with one that fails as a whole', async () => {
    const bucket = await world.bucket('off', { objectLock: true });
    await world.put(bucket, 'locked', { attributes: { ...PLAIN_ATTRIBUTES, legalHold: true } });
    // What no caller of the port can bring about: the guard of the database ends the transaction.
    await sql(
      database.databaseUrl,
      `UPDATE sealgate.buckets SET object_lock = false, versioning = 'off' WHERE id = ${bucket.id}`,
    );
    const keys = [...keysNamed('before', 4), 'locked', ...keysNamed('after', 4)];
    const outcomes = await Promise.all(keys.map((key) => codeOf(world.put(bucket, key))));
    expect(outcomes).toEqual(keys.map((key) => (key === 'locked' ? 'InternalError' : 'ok')));
    for (const key of keys) expect(await metadata.currentVersion(bucket.id, parseObjectKey(key))).toBeDefined();
  });

  it('never wait for each other in a circle, whatever order two processes bring the keys in', async () => {
    const buckets = [await world.bucket('enabled'), await world.bucket()] as const;
    const keys = keysNamed('shared', 24);
    const bring = async (by: Metadata, order: string): Promise<void> => {
      const requests = await Promise.all(
        shuffled(keys, order).map((key, index) => world.version(buckets[index % 2 === 0 ? 0 : 1], key)),
      );
      await Promise.all(requests.map((request) => by.commitVersion(request)));
    };
    const racing = { applicationName: 'racing' };
    const pair = [
      await openTestMetadata(database.databaseUrl, racing),
      await openTestMetadata(database.databaseUrl, racing),
    ] as const;
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(pair.map((by, index) => bring(by, `${round} ${index}`)));
    }
    await Promise.all(pair.map((by) => by.close()));
    // A deadlock is tried again and so seen by nobody, but counted when its connection has ended.
    await expect
      .poll(() => sql(database.databaseUrl, "SELECT FROM pg_stat_activity WHERE application_name = 'racing'"))
      .toEqual([]);
    const counted = 'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()';
    expect(await sql(database.databaseUrl, counted)).toEqual([{ deadlocks: 0 }]);
  });

  it('come to what they would come to one after the other', async () => {
    // No more than go by one lane: the others have no order.
    const wish = fc.record({
      key: fc.constantFrom('a', 'b', '"c", {\\d} NULL'),
      etag: fc.constantFrom('x', 'y'),
      ifMatch: fc.option(fc.constantFrom('*', 'x', 'y'), { nil: undefined }),
      ifNoneMatch: fc.option(fc.constantFrom('*', 'x'), { nil: undefined }),
      tags: fc.option(fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }), { nil: null }),
      contentType: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
      legalHold: fc.boolean(),
    });
    const state = fc.constantFrom('off', 'enabled', 'suspended' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(wish, { minLength: 1, maxLength: COMMIT_FURTHER_LANE_FROM }),
        state,
        async (wishes, versioning) => {
          const [apart, joined] = [await world.bucket(versioning), await world.bucket(versioning)];
          const requestsFor = (bucket: Bucket) =>
            Promise.all(
              wishes.map(({ key, etag, ifMatch, ifNoneMatch, tags, contentType, legalHold }) =>
                world.version(bucket, key, {
                  etag: createHash('md5').update(etag).digest('hex'),
                  tags,
                  headers: contentType === undefined ? {} : { contentType },
                  attributes: legalHold ? { ...PLAIN_ATTRIBUTES, legalHold } : PLAIN_ATTRIBUTES,
                  preconditions: {
                    ...(ifMatch === undefined ? {} : { ifMatch: condition(ifMatch) }),
                    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: condition(ifNoneMatch) }),
                  },
                }),
              ),
            );
          const one: string[] = [];
          for (const request of await requestsFor(apart)) one.push(await codeOf(metadata.commitVersion(request)));
          const requests = await requestsFor(joined);
          const all = await Promise.all(requests.map((request) => codeOf(metadata.commitVersion(request))));
          expect(all).toEqual(one);
          expect(await versionsOf(joined)).toEqual(await versionsOf(apart));
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
  });

  const condition = (etag: string): string => (etag === '*' ? '*' : createHash('md5').update(etag).digest('hex'));

  /** All versions of a bucket as a client could tell them apart, newest last. */
  async function versionsOf(bucket: Bucket): Promise<unknown[]> {
    const page = { bucketId: bucket.id, prefix: '', delimiter: '', keyMarker: '', limit: 100 };
    const { versions } = await metadata.listVersions(page);
    const found = await Promise.all(
      versions.map(async ({ key, versionId }) => metadata.version(bucket.id, key, versionId)),
    );
    return found
      .sort((a, b) => ((a?.seq ?? 0n) < (b?.seq ?? 0n) ? -1 : 1))
      .map((version) => [version?.key, version?.etag, version?.tags, version?.headers, version?.versionId === 'null']);
  }
});

/** In some order, another one for each name of an order. */
function shuffled(keys: readonly string[], order: string): string[] {
  const rank = (key: string) => createHash('md5').update(`${order} ${key}`).digest('hex');
  return keys.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
